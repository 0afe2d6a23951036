// SPDX-License-Identifier: GPL-2.0-only
#include "loadgen/run/search.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace kudp::search {
namespace {

// A trial that the generator spoilt says nothing. After so many at a load, and more than it did not
// spoil, it is the limit there.
constexpr std::size_t kSpoilt = 3;
// Summed durations are as exact as doubles are.
constexpr double kSlack = 1e-6;

enum class Class { lower, upper, undecided };

struct Stopped {};

// The trials of one length.
class Phase {
 public:
  Phase(const Settings& settings, const Measure& measure, double trial_s, double sum_s)
      : settings_(settings), measure_(measure), trial_s_(trial_s), sum_s_(sum_s) {}

  // Narrows the goal's bounds from what is known. `hint` is where to begin.
  Found narrow(const Goal& goal, const Found& hint) {
    Found found{goal, {}, {}, {}, Limit::stopped};
    up_ = down_ = 0;
    try {
      double rate = first_rate(hint);
      for (;;) {
        decide(goal, rate);
        take_bounds(goal, found);
        const auto next = next_rate(found, hint);
        if (!next) break;
        rate = *next;
      }
    } catch (const Stopped&) {
      take_bounds(goal, found);
      found.limit = Limit::stopped;
    }
    return found;
  }

 private:
  struct Load {
    std::vector<Trial> trials;
    std::size_t spoilt = 0;

    bool generator_limited() const { return spoilt >= kSpoilt && spoilt > trials.size(); }
  };

  double clamped(double rate) const {
    return std::clamp(rate, settings_.min_rate, settings_.max_rate);
  }

  double first_rate(const Found& hint) const {
    return clamped(hint.lower.value_or(hint.upper.value_or(settings_.min_rate)));
  }

  // Tries the load until its class is known.
  void decide(const Goal& goal, double rate) {
    Load& load = loads_[rate];
    while (classify(goal, load) == Class::undecided) {
      if (trials_++ >= settings_.most_trials) throw Stopped{};
      const auto trial = measure_(rate, trial_s_);
      if (!trial) throw Stopped{};
      if (trial->generator_limited)
        ++load.spoilt;
      else
        load.trials.push_back(*trial);
    }
  }

  static bool holds(const Goal& goal, const Trial& trial) {
    return trial.loss_ratio <= goal.loss_ratio && trial.p99_us <= goal.p99_us;
  }

  // RFC 9971, load classification: decided once the rest of the time could not change it.
  Class classify(const Goal& goal, const Load& load) const {
    if (load.generator_limited()) return Class::upper;
    double good = 0, bad = 0;
    for (const Trial& trial : load.trials) (holds(goal, trial) ? good : bad) += trial.seconds;
    const double whole = std::max(good + bad, sum_s_);
    const double may_exceed = whole * settings_.exceed_ratio + kSlack;
    if (whole - good <= may_exceed) return Class::lower;
    return bad > may_exceed ? Class::upper : Class::undecided;
  }

  // The relevant upper bound is the lowest there is, the lower bound the highest below it: where a
  // target is not consistent the lower result counts.
  void take_bounds(const Goal& goal, Found& found) const {
    found.lower = found.upper = found.throughput = std::nullopt;
    for (const auto& [rate, load] : loads_) {
      const Class kind = classify(goal, load);
      if (kind == Class::lower) {
        found.lower = rate;
        found.throughput = throughput(rate, load);
      } else if (kind == Class::upper) {
        found.upper = rate;
        found.limit = load.generator_limited() ? Limit::generator : Limit::target;
        return;
      }
    }
  }

  // RFC 9971, conditional throughput: what was answered in all but the tolerated part of the time,
  // at least. Time that was not tried, as the load was decided before, could have been worse than
  // any: then it is mostly that of the worst trial that held the goal.
  std::optional<double> throughput(double rate, const Load& load) const {
    std::vector<Trial> trials = load.trials;
    std::ranges::sort(trials, {}, &Trial::loss_ratio);
    double tried = 0;
    for (const Trial& trial : trials) tried += trial.seconds;
    double remaining = std::max(tried, sum_s_) * (1 - settings_.exceed_ratio);
    std::optional<double> throughput;
    for (const Trial& trial : trials) {
      if (throughput && remaining <= kSlack) break;
      throughput = rate * (1 - trial.loss_ratio);
      remaining -= trial.seconds;
    }
    return throughput;
  }

  // Nothing when the goal's bounds are close enough, or there is nowhere to go.
  std::optional<double> next_rate(Found& found, const Found& hint) {
    if (found.lower && found.upper) {
      const double low = *found.lower, high = *found.upper;
      if (high - low <= settings_.width * high * (1 + kSlack)) return std::nullopt;
      if (hint.upper && *hint.upper > low * (1 + kSlack) && *hint.upper < high * (1 - kSlack) &&
          !loads_.contains(*hint.upper))
        return *hint.upper;
      return std::sqrt(low * high);
    }
    if (found.lower) {
      if (*found.lower >= settings_.max_rate) {
        found.limit = Limit::max_rate;
        return std::nullopt;
      }
      if (hint.upper && *hint.upper > *found.lower * (1 + kSlack)) return clamped(*hint.upper);
      return clamped(*found.lower * step(true));
    }
    if (*found.upper <= settings_.min_rate) {
      if (found.limit == Limit::target) found.limit = Limit::min_rate;
      return std::nullopt;
    }
    return clamped(*found.upper / step(false));
  }

  // Without a hint the ramp doubles; about a hint it begins with the width and grows.
  double step(bool up) {
    double& factor = up ? up_ : down_;
    if (factor == 0) factor = trial_s_ < settings_.trial_s ? 2 : 1 + 2 * settings_.width;
    const double step = factor;
    factor = std::min(2.0, 1 + 2 * (factor - 1));
    return step;
  }

  const Settings& settings_;
  const Measure& measure_;
  double trial_s_;
  double sum_s_;
  std::map<double, Load> loads_;
  std::size_t trials_ = 0;
  double up_ = 0;
  double down_ = 0;
};

}  // namespace

std::string limit_name(Limit limit) {
  switch (limit) {
    case Limit::target:
      return "the target was the limit";
    case Limit::generator:
      return "the generator was the limit";
    case Limit::max_rate:
      return "--max-rate was the limit";
    case Limit::min_rate:
      return "even --min-rate was too much";
    case Limit::stopped:
      break;
  }
  return "stopped before the bounds were close";
}

std::vector<Found> search(const Settings& settings, const Measure& measure) {
  // What says once that the search is to stop is not asked again, for no phase and no goal.
  bool stopped = false;
  const Measure until_stopped = [&](double rate, double seconds) {
    const auto trial = stopped ? std::nullopt : measure(rate, seconds);
    stopped = !trial;
    return trial;
  };
  // Short trials decide alone: they only say where the long ones begin.
  Phase quick(settings, until_stopped, settings.short_trial_s, settings.short_trial_s);
  Phase thorough(settings, until_stopped, settings.trial_s, settings.sum_s);
  std::vector<Found> results;
  for (const Goal& goal : settings.goals) {
    const Found hint = quick.narrow(goal, Found{goal, {}, {}, {}, Limit::stopped});
    results.push_back(thorough.narrow(goal, hint));
  }
  return results;
}

}  // namespace kudp::search
