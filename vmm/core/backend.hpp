// SPDX-License-Identifier: GPL-2.0-only
// What launch and leave need of a CPU vendor's virtualisation. Chosen once, when the VMM is initialised; exits do not
// pass through here.
#pragma once

#include "vmm/core/vm.hpp"
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

// For VMs, called directly: they are reached from exits, on which nothing is an indirect call.
#define VMM_BACKEND_CALLS                                                                                              \
    extern const Backend kBackend;                                                                                     \
    Result<> hide_from_console(Hpa piece, FlushDebt &debt);                                                            \
    Result<> show_to_console(Hpa piece);                                                                               \
    Result<> build_vm(Vm &vm, PieceMap &pieces);                                                                       \
    void release_vm(Vm &vm, PieceMap &pieces);                                                                         \
    Result<> build_world(World &world);                                                                                \
    void release_world(World &world);                                                                                  \
    void start_world(World &world, const vmnix_boot_state &state);                                                     \
    Result<> check_world(World &world);                                                                                \
    void reset_world(World &world);
namespace svm {
VMM_BACKEND_CALLS
}
namespace vmx {
VMM_BACKEND_CALLS
}
#undef VMM_BACKEND_CALLS

namespace backend {
inline bool is_vmx() {
    return g_vmm.backend == VMNIX_BACKEND_VMX;
}

// A piece of RAM leaves the console's nested tables, and returns.
inline Result<> hide_from_console(Hpa piece, FlushDebt &debt) {
    return is_vmx() ? vmx::hide_from_console(piece, debt) : svm::hide_from_console(piece, debt);
}
inline Result<> show_to_console(Hpa piece) {
    return is_vmx() ? vmx::show_to_console(piece) : svm::show_to_console(piece);
}
// Nested tables of a VM with its RAM, out of free pieces; on failure release_vm gives back what there is.
inline Result<> build_vm(Vm &vm, PieceMap &pieces) {
    return is_vmx() ? vmx::build_vm(vm, pieces) : svm::build_vm(vm, pieces);
}
inline void release_vm(Vm &vm, PieceMap &pieces) {
    return is_vmx() ? vmx::release_vm(vm, pieces) : svm::release_vm(vm, pieces);
}
// Control structures and extended state of a vCPU, in the state after reset.
inline Result<> build_world(World &world) {
    return is_vmx() ? vmx::build_world(world) : svm::build_world(world);
}
inline void release_world(World &world) {
    return is_vmx() ? vmx::release_world(world) : svm::release_world(world);
}
inline void start_world(World &world, const vmnix_boot_state &state) {
    return is_vmx() ? vmx::start_world(world, state) : svm::start_world(world, state);
}
// Invalid: the CPU would refuse to enter it.
inline Result<> check_world(World &world) {
    return is_vmx() ? vmx::check_world(world) : svm::check_world(world);
}
inline void reset_world(World &world) {
    return is_vmx() ? vmx::reset_world(world) : svm::reset_world(world);
}
} // namespace backend

} // namespace vmm
