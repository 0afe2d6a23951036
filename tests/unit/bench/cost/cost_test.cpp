// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>
#include <stdexcept>

#include "bench/cost/bars.hpp"
#include "bench/cost/cell.hpp"
#include "bench/cost/plan.hpp"
#include "bench/cost/sender.hpp"
#include "bench/cost/table.hpp"

namespace kudp::cost {
namespace {

using testing::HasSubstr;
using testing::Not;

const Load kBursts{4, 64, 64, 1, 1};

Cell cell(const std::string& server, std::vector<double> passes, const Load& load = kBursts) {
  Cell cell;
  cell.server = server;
  cell.load = load;
  cell.requests = 6400;
  cell.passes = std::move(passes);
  return cell;
}

Cell failed(const std::string& server, const std::string& why) {
  Cell cell = kudp::cost::cell(server, {19'000});
  cell.failure = why;
  cell.lost = 3;
  return cell;
}

const Row& row(const Section& section, const std::string& server) {
  for (const Row& row : section.rows)
    if (row.cell.server == server) return row;
  throw std::runtime_error("no row for " + server);
}

TEST(Plan, HasAllCombinationsOnce) {
  const auto loads = all_loads();
  std::set<std::string> names;
  for (const Load& load : loads) names.insert(load.name());
  EXPECT_EQ(loads.size(), 2u * 2 * 3 * 2 + 2 * 2 + 2);
  EXPECT_EQ(names.size(), loads.size());
  EXPECT_TRUE(names.contains("ipv6-1024-burst8-flows64"));
  EXPECT_TRUE(names.contains("ipv4-64-super8"));
  EXPECT_TRUE(names.contains("ipv6-64-send"));
}

TEST(Plan, SuperPacketsAreFullOnes) {
  for (const Load& load : all_loads()) EXPECT_EQ(load.burst % load.segments, 0u) << load.name();
  const auto eight = matching(all_loads(), {"ipv4-64-super8"}).at(0);
  EXPECT_EQ(eight, (Load{4, 64, 128, 1, 16}));
}

TEST(Plan, QuickIsAPartOfAll) {
  const auto all = all_loads();
  EXPECT_EQ(quick_loads().size(), 3u);
  for (const Load& load : quick_loads())
    EXPECT_NE(std::ranges::find(all, load), all.end()) << load.name();
}

TEST(Plan, PatternsChooseInThePlansOrder) {
  const auto chosen = matching(all_loads(), {"ipv6-64-super1", "ipv4-64-*-flows1", "ipv4-64-b*1"});
  ASSERT_EQ(chosen.size(), 4u);
  EXPECT_EQ(chosen.front().name(), "ipv4-64-burst1-flows1");
  EXPECT_EQ(chosen.back().name(), "ipv6-64-super1");
  EXPECT_THROW(matching(all_loads(), {"*", "ipv5-*"}), std::runtime_error);
}

TEST(Plan, KnowsItsServers) {
  EXPECT_EQ(server_named("io_uring").kind, Kind::socket);
  EXPECT_EQ(server_named(kBursts.floor()).kind, Kind::bypass);
  EXPECT_THROW(server_named("softirq-"), std::runtime_error);
  EXPECT_FALSE(can_serve(server_named("af_xdp"), {4, 64, 16, 1, 16}));
  EXPECT_FALSE(can_serve(server_named("softirq-link"), {4, 64, 16, 1, 16}));
  EXPECT_TRUE(can_serve(server_named("softirq"), {4, 64, 16, 1, 16}));
  EXPECT_TRUE(can_serve(server_named("af_xdp"), kBursts));
  EXPECT_TRUE(can_serve(server_named("softirq-guarded"), kBursts));
  EXPECT_FALSE(can_serve(server_named("softirq-unguarded"), {4, 64, 64, 64, 1}));
  EXPECT_TRUE(can_serve(server_named("tc"), {4, 64, 16, 1, 16}));
  EXPECT_TRUE(can_serve(server_named("recvmmsg-gro-patient"), {4, 64, 16, 1, 16}));
  EXPECT_FALSE(can_serve(server_named("recvmmsg-gro-patient"), {4, 64, 64, 64, 1}));
  EXPECT_TRUE(can_serve(server_named("af_xdp-patient"), {4, 64, 64, 64, 1}));
}

TEST(Plan, SendersAndServersHaveLoadsOfTheirOwn) {
  for (const Server& server : kServers)
    for (const Load& load : all_loads()) {
      if (server.sends != load.one_way()) {
        EXPECT_FALSE(can_serve(server, load)) << server.name << " " << load.name();
      }
    }
  for (const Load& load : matching(all_loads(), {"*-send"}))
    for (const char* sender : {"sendmmsg", "pktgen", "send-connected", "send-unconnected"})
      EXPECT_TRUE(can_serve(server_named(sender), load)) << sender;
}

// Columns as the kernel prints them: eight of what came, then what was sent.
TEST(Senders, AreCountedByTheDevice) {
  const auto text =
      "Inter-|   Receive                                                |  Transmit\n"
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "
      "drop "
      "fifo colls carrier compressed\n"
      "    lo:       1       2    3    4    5     6          7         8        9      10   11   "
      "12 "
      "   13    14      15         16\n"
      "kudp-c:  100000  200000    0    0    0     0          0         0 18446744073709551615  "
      "400000    2    5    0     0       0          0\n";
  const Transmitted sent = transmitted(text, "kudp-c");
  EXPECT_EQ(sent.packets, 400'000u);
  EXPECT_EQ(sent.dropped, 7u);
  EXPECT_EQ(transmitted(text, "lo").packets, 10u);
  EXPECT_THROW(transmitted(text, "kudp"), std::runtime_error);
  EXPECT_THROW(transmitted("kudp-c: 1 2 3\n", "kudp-c"), std::runtime_error);
}

TEST(Cell, IsTheMeanOfPassesThatAgree) {
  const Cell cell = kudp::cost::cell("xdp", {1000, 1010});
  EXPECT_DOUBLE_EQ(*cell.instructions(), 1005);
  EXPECT_NEAR(*cell.deviation(), 0.01, 1e-12);
  EXPECT_TRUE(kudp::cost::cell("xdp", {1000, 1009.9}).agrees());
  EXPECT_FALSE(kudp::cost::cell("xdp", {1011, 1000}).agrees());
}

TEST(Cell, OfOnePassHasNothingToAgreeWith) {
  const Cell once = kudp::cost::cell("xdp", {1000});
  EXPECT_EQ(once.deviation(), std::nullopt);
  EXPECT_TRUE(once.agrees());
}

TEST(Cell, ThatFailedHasNoFigure) {
  const Cell cell = failed("recvmmsg", "lost");
  EXPECT_EQ(cell.instructions(), std::nullopt);
  EXPECT_EQ(cell.deviation(), std::nullopt);
  EXPECT_TRUE(record_of(cell)["instructions_per_request"].is_null());
}

TEST(Cell, SurvivesItsRecord) {
  Cell before = kudp::cost::cell("softirq-link", {11'340.26, 11'341.1}, {6, 64, 128, 1, 16});
  before.config = "engine=softirq turnaround=link";
  before.idle = 12.5;
  std::stringstream file(R"({"record":"header"})"
                         "\n" +
                         record_of(before).dump() + "\n");
  const auto cells = read_cells(file, "f");
  ASSERT_EQ(cells.size(), 1u);
  const Cell& after = cells[0];
  EXPECT_EQ(after.server, before.server);
  EXPECT_EQ(after.load, before.load);
  EXPECT_EQ(after.config, before.config);
  EXPECT_EQ(after.requests, before.requests);
  EXPECT_EQ(after.passes, (std::vector<double>{11'340.3, 11'341.1}));
  EXPECT_EQ(after.idle, before.idle);
}

TEST(Cell, OfABrokenRecordIsRefusedWithItsLine) {
  std::stringstream file("{\"record\":\"header\"}\n{\"record\":\"cell\"}\n");
  try {
    read_cells(file, "cost.json");
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("cost.json:2: "));
  }
}

TEST(Table, MeasuresFromTheFloorAndAgainstTheBestSocketServer) {
  const auto all =
      sections({cell("recvfrom", {20'000, 20'000}), cell("recvmmsg", {19'000, 19'000}),
                cell("af_xdp", {12'000, 12'000}), cell("tc", {11'000, 11'000}),
                cell("softirq", {11'800, 11'800}), cell("softirq-link", {10'900, 10'900})});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].best, "recvmmsg");  // af_xdp is cheaper, but has no socket
  EXPECT_DOUBLE_EQ(*row(all[0], "recvmmsg").above, 8000);
  EXPECT_DOUBLE_EQ(*row(all[0], "recvmmsg").ratio, 1);
  EXPECT_DOUBLE_EQ(*row(all[0], "softirq").above, 800);
  EXPECT_DOUBLE_EQ(*row(all[0], "softirq").ratio, 0.1);
  EXPECT_DOUBLE_EQ(*row(all[0], "softirq-link").above, -100);
  EXPECT_DOUBLE_EQ(*row(all[0], "tc").above, 0);
}

TEST(Table, MeasuresSendersFromPktgen) {
  const Load one_way{4, 64, 0, 1, 1};
  const auto all =
      sections({cell("sendmmsg", {3'000, 3'000}, one_way), cell("pktgen", {1'000, 1'000}, one_way),
                cell("send-connected", {2'500, 2'500}, one_way)});
  ASSERT_EQ(all.size(), 1u);
  EXPECT_DOUBLE_EQ(*row(all[0], "sendmmsg").above, 2'000);
  EXPECT_DOUBLE_EQ(*row(all[0], "send-connected").ratio, 0.75);
  EXPECT_THAT(tables(all), HasSubstr("IPv4, 64 bytes, sent and not answered\n"));
}

TEST(Table, KeepsLoadsApart) {
  const Load other{4, 64, 1, 1, 1};
  const auto all = sections({cell("tc", {11'000}), cell("tc", {12'000}, other),
                             cell("softirq", {11'500}), cell("softirq", {13'000}, other)});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_DOUBLE_EQ(*row(all[0], "softirq").above, 500);
  EXPECT_DOUBLE_EQ(*row(all[1], "softirq").above, 1000);
}

TEST(Table, WithoutAFloorHasTotalsAlone) {
  const auto all = sections({cell("recvmmsg", {19'000}), cell("kthread", {12'000})});
  EXPECT_EQ(row(all[0], "kthread").above, std::nullopt);
  EXPECT_EQ(row(all[0], "kthread").ratio, std::nullopt);
}

TEST(Table, ComparesNothingWithAFailedCell) {
  const auto all = sections({failed("recvmmsg", "3 lost"), cell("recvfrom", {20'000}),
                             cell("tc", {11'000}), cell("softirq", {11'900})});
  EXPECT_EQ(all[0].best, "recvfrom");
  EXPECT_DOUBLE_EQ(*row(all[0], "softirq").ratio, 0.1);
  EXPECT_EQ(row(all[0], "recvmmsg").above, std::nullopt);
  EXPECT_THAT(tables(all), HasSubstr("FAILED: 3 lost"));
}

TEST(Table, IsForPeople) {
  const auto text = tables(sections(
      {cell("recvmmsg", {19'000.4}), cell("tc", {11'000}), cell("softirq-link", {10'890})}));
  EXPECT_THAT(text, HasSubstr("IPv4, 64 bytes, bursts of 64, 1 flow\n"));
  EXPECT_THAT(text, HasSubstr("* recvmmsg                 19,000        8,000    1.000\n"));
  EXPECT_THAT(text, HasSubstr("  softirq-link             10,890         -110   -0.014\n"));
  EXPECT_THAT(text, Not(HasSubstr("idle")));
}

TEST(Table, SaysWhenTheGuestWasIdle) {
  Cell idle = cell("kthread", {9'000});
  idle.idle = 1'000;
  EXPECT_THAT(tables(sections({idle})), HasSubstr("idle 10.0 % of the time, not counted"));
}

TEST(Bars, AreThoseThereAreFiguresFor) {
  const auto measured =
      bars(sections({cell("recvmmsg", {19'000}), cell("xdp", {11'000}), cell("softirq", {11'750}),
                     cell("kthread", {12'001}), cell("softirq-link", {11'000.1})}));
  ASSERT_EQ(measured.size(), 5u);
  EXPECT_TRUE(measured[0].met()) << "750 is at most 750";
  EXPECT_TRUE(measured[1].met()) << "750 of 8,000";
  EXPECT_FALSE(measured[2].met()) << "1,001";
  EXPECT_TRUE(measured[3].met()) << "1,001 of 8,000";
  EXPECT_FALSE(measured[4].met()) << "above the XDP program";
  EXPECT_TRUE(bars(sections({cell("recvmmsg", {19'000})})).empty());
  EXPECT_EQ(lines({}), "");
}

TEST(Bars, CompareLoads) {
  const Load flows{4, 64, 64, 64, 1}, eight{4, 64, 128, 1, 16};
  const auto measured =
      bars(sections({cell("xdp", {11'000}), cell("softirq", {11'500}), cell("xdp", {11'000}, flows),
                     cell("softirq", {11'560}, flows), cell("recvmmsg-gro", {2'000}, eight),
                     cell("softirq", {1'400}, eight), cell("kthread", {1'501}, eight)}));
  ASSERT_EQ(measured.size(), 4u);
  EXPECT_FALSE(measured[1].met()) << "560 is more than 10 % above 500";
  EXPECT_TRUE(measured[2].met());
  EXPECT_FALSE(measured[3].met());
  EXPECT_THAT(lines(measured), HasSubstr("NOT MET  softirq, 64 flows"));
}

TEST(Bars, SetTheGuardApartFromTheEngine) {
  const Load ipv6{6, 64, 64, 1, 1};
  const auto measured = bars(sections(
      {cell("softirq", {12'061}), cell("softirq-unguarded", {12'000}),
       cell("softirq-guarded", {12'250}), cell("softirq", {13'060}, ipv6),
       cell("softirq-unguarded", {13'000}, ipv6), cell("softirq-guarded", {13'251}, ipv6)}));
  ASSERT_EQ(measured.size(), 4u);
  EXPECT_FALSE(measured[0].met()) << "61";
  EXPECT_TRUE(measured[1].met()) << "250";
  EXPECT_TRUE(measured[2].met()) << "60";
  EXPECT_FALSE(measured[3].met()) << "251";
  EXPECT_THAT(lines(measured),
              HasSubstr("NOT MET  all of the guard's rules, 4,096 prefixes, IPv6"));
}

TEST(Complaints, NameEachBadCell) {
  Cell unavailable = failed("softirq", "engine=softirq: Invalid argument");
  unavailable.unavailable = true;
  const auto text = complaints({cell("xdp", {11'000, 11'001}), cell("classic", {20'000, 21'000}),
                                failed("recvmmsg", "3 lost"), unavailable});
  EXPECT_EQ(text,
            "classic, ipv4-64-burst64-flows1: the passes differ by 5.0 %\n"
            "recvmmsg, ipv4-64-burst64-flows1: failed: 3 lost\n"
            "softirq, ipv4-64-burst64-flows1: unavailable: engine=softirq: Invalid argument\n");
}

TEST(Complaints, AreNoneWhereAllIsWell) {
  const std::vector<Cell> good{cell("xdp", {11'000, 11'001}), cell("kthread", {12'000, 12'060})};
  EXPECT_EQ(complaints(good), "");
  EXPECT_THAT(confirmation(good), HasSubstr("at worst 0.50 %"));
  EXPECT_THAT(confirmation({cell("xdp", {11'000})}), HasSubstr("not checked"));
}

}  // namespace
}  // namespace kudp::cost
