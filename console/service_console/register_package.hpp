// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/base/environment.hpp"
#include "console/service_console/package.hpp"

namespace console {

// Builds a package and gives it to the VMM, in the place of one that it has. Warns of a kernel that no module fits.
void register_package(Environment &environment, VmmDevice &device, const PackageWish &wish);

} // namespace console
