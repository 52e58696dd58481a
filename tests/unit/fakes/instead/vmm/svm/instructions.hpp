// SPDX-License-Identifier: GPL-2.0-only
// In hosted tests: SVM's instructions leave a trace in Hardware and do nothing else.
#pragma once

#include "tests/unit/fakes/hardware.hpp"
#include "vmm/base/types.hpp"

namespace vmm::svm {

inline void vmsave(Hpa area) {
    test::hardware().trace.push_back("vmsave " + std::to_string(area.raw()));
}
inline void vmload(Hpa area) {
    test::hardware().trace.push_back("vmload " + std::to_string(area.raw()));
}
inline void stgi() {
    test::hardware().trace.emplace_back("stgi");
}
inline void clgi() {
    test::hardware().trace.emplace_back("clgi");
}
inline void acknowledge_window() {
    test::hardware().trace.emplace_back("acknowledge_window");
    test::hardware().on_window();
}
inline void acknowledge_wait() {
    test::hardware().trace.emplace_back("acknowledge_wait");
    test::hardware().on_wait();
}
inline void nmi_window() {
    test::hardware().trace.emplace_back("nmi_window");
}

} // namespace vmm::svm
