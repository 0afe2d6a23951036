// SPDX-License-Identifier: GPL-2.0-only
//
// docs/records.md and what is written are held against each other, both ways.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "bench/cost/cell.hpp"
#include "loadgen/output/comparison_records.hpp"
#include "loadgen/output/header.hpp"
#include "loadgen/output/run_record.hpp"
#include "loadgen/output/search_records.hpp"
#include "loadgen/output/stamp_records.hpp"

namespace kudp {
namespace {

using Fields = std::set<std::string>;

// The first column of the table under "## `kind`".
Fields documented(const std::string& kind) {
  std::ifstream file("docs/records.md");
  Fields fields;
  bool here = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("## ")) here = line == "## `" + kind + "`";
    if (!here || !line.starts_with("| `")) continue;
    std::istringstream names(line.substr(0, line.find('|', 1)));
    for (std::string name; std::getline(names, name, '`') && std::getline(names, name, '`');)
      fields.insert(name);
  }
  return fields;
}

Fields fields_of(const nlohmann::ordered_json& record) {
  Fields fields;
  for (const auto& [name, value] : record.items()) fields.insert(name);
  return fields;
}

TEST(RecordsDoc, Header) {
  EXPECT_EQ(fields_of(header_record()), documented("header"));
}

TEST(RecordsDoc, Interval) {
  EXPECT_EQ(fields_of(interval_record({})), documented("interval"));
}

TEST(RecordsDoc, RunOfEachKind) {
  Fields written;
  for (const auto loop : {Loop::closed, Loop::open}) {
    RunOptions options;
    options.loop = loop;
    options.target = resolve("127.0.0.1:9");
    options.timestamps = true;
    const RunResult result;
    written.merge(fields_of(run_record(options, result, judge(options, result))));
  }
  EXPECT_EQ(written, documented("run"));
}

TEST(RecordsDoc, Search) {
  EXPECT_EQ(fields_of(search::trial_record({})), documented("trial"));
  EXPECT_EQ(fields_of(search::found_record({}, {})), documented("search"));
}

TEST(RecordsDoc, Stamp) {
  const StampSession session{.sent = 1, .replies = {{}}};
  const StampOptions options{.target = resolve("127.0.0.1:862")};
  EXPECT_EQ(fields_of(stamp_reply_record({})), documented("stamp_reply"));
  EXPECT_EQ(fields_of(stamp_record(options, session, analyse(session, false))),
            documented("stamp"));
}

TEST(RecordsDoc, Cell) {
  cost::Cell cell;
  cell.server = "xdp";
  EXPECT_EQ(fields_of(cost::record_of(cell)), documented("cell"));
}

TEST(RecordsDoc, EnvironmentAndSummary) {
  comparison::Row row;
  row.loop = comparison::Loop::open;
  std::istringstream lines(comparison::json_lines({"recvmmsg", {row}}, "tcg"));
  std::string line;
  for (const auto* kind : {"environment", "summary"}) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(fields_of(nlohmann::ordered_json::parse(line)), documented(kind));
  }
}

}  // namespace
}  // namespace kudp
