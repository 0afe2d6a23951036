// SPDX-License-Identifier: GPL-2.0-only
// The kernel's fault injection (Documentation/fault-injection): the N-th allocation of a thread, or
// of the receive path, is denied.
#pragma once

#include <functional>
#include <set>
#include <string>

namespace kudp::stress {

// False where the kernel was built without it.
bool can_inject_faults();

// Makes allocations of every kind deniable, and denied ones not worth a report. With the kernel's
// slub_debug=A only those of the caches it names.
void prepare_faults();

// Calls `attempt`, which returns an errno, with its first, then its second, … allocation by thread
// `tid` denied, and after each `judge` with nothing denied; until ten attempts in a row make
// no more, or judge() returns false. Returns how many were denied. Where the thread is the
// caller's, `attempt` should be one system call: what the test needs memory for counts, too.
// The first `skipped` of an attempt are not denied.
int walk(int tid, const std::function<int()>& attempt,
         const std::function<bool(int denied, int error)>& judge, int skipped = 0);

// The same with all that follow denied as well: kvmalloc() falls back on vmalloc().
int walk_to_nothing(int tid, const std::function<int()>& attempt,
                    const std::function<bool(int denied, int error)>& judge);

// How many allocations thread `tid` makes in `attempt`; none is denied.
int count_allocations(int tid, const std::function<void()>& attempt);

// The same for allocations that may not sleep, which are those of the receive path, of whoever
// makes them; `attempt` must make some, and ends the walk by returning false.
int walk_atomic(const std::function<bool()>& attempt);

// Denies the first few whole pages that anyone who may not sleep asks for in each attempt, until as
// many as `wanted` were; returns how many: fewer after 200 attempts, or if one returned false. No
// walk: whether a datagram takes a page depends on what slabs have left.
int deny_atomic_pages(int wanted, const std::function<bool()>& attempt);

// Where kudp gets no memory from kvmalloc() or its kin, neither pages nor what replaces them, while
// the object lives.
class KvmallocDenials {
 public:
  KvmallocDenials();
  ~KvmallocDenials();
  KvmallocDenials(const KvmallocDenials&) = delete;
  KvmallocDenials& operator=(const KvmallocDenials&) = delete;

  // Of its code, "FUNCTION+OFFSET/SIZE".
  std::set<std::string> places() const;
};

}  // namespace kudp::stress
