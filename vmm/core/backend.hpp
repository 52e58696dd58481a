// SPDX-License-Identifier: GPL-2.0-only
// What launch and leave need of a CPU vendor's virtualisation. Chosen once, when the VMM is initialised; exits do not
// pass through here.
#pragma once

#include "vmm/core/vmm.hpp"

namespace vmm {

struct Backend {
    vmnix_backend name;
    Result<> (*init)(Vmm &);    // VMNIX_CALL_INIT: permission maps, nested tables
    Result<> (*prepare)(Cpu &); // VMNIX_CALL_INIT, for each CPU: control structures
    Result<> (*capture)(Cpu &); // VMNIX_CALL_ENTER, on that CPU: the console's state becomes a guest's
    void (*release)(Cpu &);     // undoes capture: the hidden state is the console's again
    void (*acknowledge)();      // takes at most one physical interrupt, see Cpu::acknowledged
    void (*run)(Cpu &);         // the exit loop; returns when this CPU leaves
    void (*give_back)(Cpu &);   // after run: the guest's state becomes the CPU's, save what the stub reloads
};

// The backend for this CPU; null when there is none, which preflight has refused before.
const Backend *choose_backend();

namespace svm {
extern const Backend kBackend;
}

} // namespace vmm
