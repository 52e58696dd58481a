// SPDX-License-Identifier: GPL-2.0-only
#include "console/device/sample.hpp"

namespace console {

Sample Sample::read_from(VmmDevice &device, std::uint32_t cpu_count) {
    Sample sample;
    for (std::uint32_t vcpu = 0; vcpu < cpu_count; ++vcpu)
        if (const auto stats = device.stats(vcpu))
            sample.cpus.push_back({vcpu, *stats});
    return sample;
}

} // namespace console
