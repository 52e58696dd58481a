// SPDX-License-Identifier: GPL-2.0-only
// The groups of rows, each on a machine of its own. A group that cannot run gives its rows without values.
#pragma once

#include "tests/bench/row.hpp"

namespace bench {

std::vector<Row> measure_exits();    // one kind of exit each
std::vector<Row> measure_vm_exits(); // of a VM, changes between worlds, timers
std::vector<Row> measure_vm_known_length();
std::vector<Row> measure_vm_memory();
std::vector<Row> measure_vm_boot();
std::vector<Row> measure_fairness();
std::vector<Row> measure_console_beside_vms();
std::vector<Row> measure_undisturbed();
std::vector<Row> measure_vm_many();
std::vector<Row> measure_console_restart();
std::vector<Row> measure_vendors(); // VT-x beside SVM, in Bochs
std::vector<Row> measure_switch();  // CPUs stopped, memory
std::vector<Row> measure_console(); // the same work before and after
std::vector<Row> measure_image();   // what it occupies

} // namespace bench
