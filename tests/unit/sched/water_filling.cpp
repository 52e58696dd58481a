// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/sched/water_filling.hpp"

#include <algorithm>
#include <optional>

namespace vmm::test {
namespace {

class Filling {
  public:
    Filling(unsigned cpus, const std::vector<SchedParameters> &worlds)
        : cpus_(cpus), worlds_(worlds), fixed_(worlds.size()) {}

    // Raises the level until a set of CPUs is full; who may run only there has what he gets. Then the others.
    std::vector<double> fill() {
        for (std::size_t round = 0; round <= worlds_.size(); round++) {
            double low = 0, high = 1e3;
            for (int i = 0; i < 100; i++) {
                const double middle = (low + high) / 2;
                (overfull(middle) == 0 ? low : high) = middle;
            }
            const unsigned full = overfull(high);
            for (std::size_t i = 0; i < worlds_.size(); i++)
                if (!fixed_[i] && (full == 0 || is_within(i, full)))
                    fixed_[i] = at_level(i, low);
        }
        std::vector<double> result;
        for (const std::optional<double> &part : fixed_)
            result.push_back(*part);
        return result;
    }

  private:
    bool is_within(std::size_t world, unsigned set) const {
        for (unsigned cpu = 0; cpu < cpus_; cpu++)
            if (worlds_[world].affinity.has(cpu) && !(set >> cpu & 1))
                return false;
        return true;
    }
    double at_level(std::size_t world, double level) const {
        if (fixed_[world])
            return *fixed_[world];
        const SchedParameters &p = worlds_[world];
        const double most = p.limit != 0 ? std::min(1.0, p.limit / 1000.0) : 1.0;
        return std::clamp(level * p.shares / 1000.0, p.reservation / 1000.0, most);
    }
    // A set of CPUs, as bits, that cannot hold what may run only there; 0: none.
    unsigned overfull(double level) const {
        unsigned found = 0;
        for (unsigned set = 1; set < 1u << cpus_; set++) {
            double sum = 0;
            bool open = false;
            for (std::size_t i = 0; i < worlds_.size(); i++)
                if (is_within(i, set)) {
                    sum += at_level(i, level);
                    open |= !fixed_[i];
                }
            if (open && sum > __builtin_popcount(set) + 1e-9)
                found |= set; // tight sets are closed under union
        }
        return found;
    }

    unsigned cpus_;
    const std::vector<SchedParameters> &worlds_;
    std::vector<std::optional<double>> fixed_;
};

} // namespace

std::vector<double> entitlements(unsigned cpus, const std::vector<SchedParameters> &worlds) {
    return Filling(cpus, worlds).fill();
}

} // namespace vmm::test
