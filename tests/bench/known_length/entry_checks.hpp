// SPDX-License-Identifier: GPL-2.0-only
// As in the release.
#pragma once

#include "vmm/checks/off/entry_checks.hpp"
