// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "console/boot/byte_writer.hpp"

namespace console {

// For systems that do without ACPI: the floating pointer of the MultiProcessor Specification 1.4 and, behind it, the
// configuration table, as they lie at layout::mp_area.
Bytes mp_table(unsigned vcpus);

} // namespace console
