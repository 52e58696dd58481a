// SPDX-License-Identifier: GPL-2.0-only
// Offsets and numbers as APM vol. 2, appendices B and C print them.
#include "vmm/svm/vmcb.hpp"

#include <gtest/gtest.h>

namespace vmm::svm {
namespace {

#define CONTROL(member, offset) static_assert(offsetof(ControlArea, member) == (offset))
CONTROL(intercept_cr, 0x000);
CONTROL(intercept_dr, 0x004);
CONTROL(intercept_exceptions, 0x008);
CONTROL(intercept3, 0x00c);
CONTROL(intercept4, 0x010);
CONTROL(intercept5, 0x014);
CONTROL(pause_threshold, 0x03c);
CONTROL(pause_count, 0x03e);
CONTROL(iopm_base, 0x040);
CONTROL(msrpm_base, 0x048);
CONTROL(tsc_offset, 0x050);
CONTROL(asid, 0x058);
CONTROL(tlb_control, 0x05c);
CONTROL(vintr, 0x060);
CONTROL(interrupt_shadow, 0x068);
CONTROL(exit_code, 0x070);
CONTROL(exit_info1, 0x078);
CONTROL(exit_info2, 0x080);
CONTROL(exit_int_info, 0x088);
CONTROL(nested_control, 0x090);
CONTROL(avic_bar, 0x098);
CONTROL(ghcb, 0x0a0);
CONTROL(event_inj, 0x0a8);
CONTROL(n_cr3, 0x0b0);
CONTROL(lbr_control, 0x0b8);
CONTROL(clean, 0x0c0);
CONTROL(next_rip, 0x0c8);
CONTROL(fetched_count, 0x0d0);
CONTROL(fetched, 0x0d1);
#undef CONTROL

#define SAVE(member, offset) static_assert(offsetof(Vmcb, save.member) == 0x400 + (offset))
SAVE(es, 0x000);
SAVE(cs, 0x010);
SAVE(ss, 0x020);
SAVE(ds, 0x030);
SAVE(fs, 0x040);
SAVE(gs, 0x050);
SAVE(gdtr, 0x060);
SAVE(ldtr, 0x070);
SAVE(idtr, 0x080);
SAVE(tr, 0x090);
SAVE(cpl, 0x0cb);
SAVE(efer, 0x0d0);
SAVE(cr4, 0x148);
SAVE(cr3, 0x150);
SAVE(cr0, 0x158);
SAVE(dr7, 0x160);
SAVE(dr6, 0x168);
SAVE(rflags, 0x170);
SAVE(rip, 0x178);
SAVE(rsp, 0x1d8);
SAVE(s_cet, 0x1e0);
SAVE(ssp, 0x1e8);
SAVE(isst, 0x1f0);
SAVE(rax, 0x1f8);
SAVE(star, 0x200);
SAVE(lstar, 0x208);
SAVE(cstar, 0x210);
SAVE(sfmask, 0x218);
SAVE(kernel_gs_base, 0x220);
SAVE(sysenter_cs, 0x228);
SAVE(sysenter_esp, 0x230);
SAVE(sysenter_eip, 0x238);
SAVE(cr2, 0x240);
SAVE(g_pat, 0x268);
SAVE(debug_control, 0x270);
SAVE(br_from, 0x278);
SAVE(br_to, 0x280);
SAVE(last_excp_from, 0x288);
SAVE(last_excp_to, 0x290);
#undef SAVE

static_assert(sizeof(Vmcb) == 4096 && sizeof(Segment) == 16);
static_assert(offsetof(Segment, selector) == 0 && offsetof(Segment, attributes) == 2 && offsetof(Segment, limit) == 4 &&
              offsetof(Segment, base) == 8);

TEST(Vmcb, ExitCodes) {
    struct {
        ExitCode code;
        std::uint64_t number;
    } const rows[] = {
        {ExitCode::ReadCr0, 0x00},  {ExitCode::ReadCr8, 0x08}, {ExitCode::WriteCr0, 0x10}, {ExitCode::WriteCr8, 0x18},
        {ExitCode::Exception0, 64}, {ExitCode::Intr, 96},      {ExitCode::Nmi, 97},        {ExitCode::Smi, 98},
        {ExitCode::Init, 99},       {ExitCode::Cpuid, 114},    {ExitCode::Iret, 116},      {ExitCode::Invd, 118},
        {ExitCode::Hlt, 120},       {ExitCode::Invlpga, 122},  {ExitCode::Ioio, 123},      {ExitCode::Msr, 124},
        {ExitCode::Shutdown, 127},  {ExitCode::Vmrun, 128},    {ExitCode::Vmmcall, 129},   {ExitCode::Vmload, 130},
        {ExitCode::Vmsave, 131},    {ExitCode::Stgi, 132},     {ExitCode::Clgi, 133},      {ExitCode::Skinit, 134},
        {ExitCode::Xsetbv, 141},    {ExitCode::Npf, 1024},     {ExitCode::Invalid, ~0ull},
    };
    for (const auto &row : rows)
        EXPECT_EQ(static_cast<std::uint64_t>(row.code), row.number);
}

// The intercept bit of an exit is its code's distance from the first of its word: words 3 and 4 hold codes 60h and 80h
// up.
TEST(Vmcb, InterceptBitsAreTheExitCodes) {
    const auto word3 = [](ExitCode code) { return 1u << (static_cast<unsigned>(code) - 0x60); };
    const auto word4 = [](ExitCode code) { return 1u << (static_cast<unsigned>(code) - 0x80); };
    EXPECT_EQ(intercept::Intr, word3(ExitCode::Intr));
    EXPECT_EQ(intercept::Nmi, word3(ExitCode::Nmi));
    EXPECT_EQ(intercept::Init, word3(ExitCode::Init));
    EXPECT_EQ(intercept::Cpuid, word3(ExitCode::Cpuid));
    EXPECT_EQ(intercept::Iret, word3(ExitCode::Iret));
    EXPECT_EQ(intercept::Invd, word3(ExitCode::Invd));
    EXPECT_EQ(intercept::Hlt, word3(ExitCode::Hlt));
    EXPECT_EQ(intercept::Invlpga, word3(ExitCode::Invlpga));
    EXPECT_EQ(intercept::Ioio, word3(ExitCode::Ioio));
    EXPECT_EQ(intercept::Msr, word3(ExitCode::Msr));
    EXPECT_EQ(intercept::Shutdown, word3(ExitCode::Shutdown));
    EXPECT_EQ(intercept::Vmrun, word4(ExitCode::Vmrun));
    EXPECT_EQ(intercept::Vmmcall, word4(ExitCode::Vmmcall));
    EXPECT_EQ(intercept::Vmload, word4(ExitCode::Vmload));
    EXPECT_EQ(intercept::Vmsave, word4(ExitCode::Vmsave));
    EXPECT_EQ(intercept::Stgi, word4(ExitCode::Stgi));
    EXPECT_EQ(intercept::Clgi, word4(ExitCode::Clgi));
    EXPECT_EQ(intercept::Skinit, word4(ExitCode::Skinit));
    EXPECT_EQ(intercept::Xsetbv, word4(ExitCode::Xsetbv));
}

TEST(Vmcb, EventsAndVirtualInterrupts) {
    const std::uint64_t page_fault = event::Valid | event::HasError | event::TypeField::make(event::Exception) |
                                     event::VectorField::make(14) | event::Error::make(0x1234);
    EXPECT_EQ(page_fault, 0x0000'1234'8000'0b0eu); // APM vol. 2, figure 15-4
    EXPECT_EQ(vintr::VIrq, 1u << 8);
    EXPECT_EQ(vintr::VIntrPrio::mask, 0xf0000u);
    EXPECT_EQ(vintr::VIgnTpr, 1u << 20);
    EXPECT_EQ(vintr::VIntrVector::mask, 0xff'0000'0000u);
    EXPECT_EQ(vintr::VIntrMasking, 1u << 24);
    EXPECT_EQ(ioio::Port::get(0x03f8'0011), 0x3f8); // figure 15-2
}

} // namespace
} // namespace vmm::svm
