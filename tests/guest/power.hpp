// SPDX-License-Identifier: GPL-2.0-only
#pragma once

// ACPI's way to switch off (ACPI 6.5, 4.8.3.2.1), by the numbers of the virtual PC's tables.
[[noreturn]] void power_off();
