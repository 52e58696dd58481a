// SPDX-License-Identifier: GPL-2.0-only
// Asks a CPU and vmm/vmx/entry_check.hpp about the same random VMCS and reports where they disagree. An entry that is
// accepted ends at once: the guest has no memory, and the preemption timer stands at zero.
#include "tests/entry_oracle/machine.hpp"
#include "tests/unit/vmx/sound_vmcs.hpp"
#include "vmm/vmx/entry_check.hpp"

extern "C" {
std::uint64_t launch();
extern const char landing[];
void run();
void *memset(void *to, int value, std::size_t bytes);
void *memcpy(void *to, const void *from, std::size_t bytes);
}

namespace vmm {

void panic(const char *what, const char *, int) {
    oracle::put("panic: ");
    oracle::put(what);
    oracle::put("\n");
    oracle::end();
}

} // namespace vmm

namespace vmm::oracle {
namespace {

using namespace vmx;

// Pages of the first MiB that nobody else uses.
constexpr Hpa kVmxonRegion(0x80000), kVmcs(0x81000), kEptRoot(0x82000), kVirtualApic(0x83000), kZeroes(0x84000);
constexpr std::uint64_t kSeedAt = 0x7c00 + 480;

enum class Verdict : std::uint8_t { Entered, Controls, Host, Guest, Other };
constexpr const char *kVerdicts[] = {"enters", "refuses controls", "refuses host", "refuses guest", "other"};

struct Change {
    VmcsField field;
    std::uint64_t value;
};

constexpr unsigned kSegmentFields = 4, kMaxChanges = 4;
constexpr std::size_t kScalars = kVmcsPlaces.size(), kAll = kScalars + 8 * kSegmentFields;

VmcsField field_number(std::size_t i) {
    if (i < kScalars)
        return kVmcsPlaces[i].field;
    constexpr VmcsField kOfEs[kSegmentFields] = {VmcsField::GuestEsSelector, VmcsField::GuestEsLimit,
                                                 VmcsField::GuestEsAccessRights, VmcsField::GuestEsBase};
    return field_of(kOfEs[(i - kScalars) % kSegmentFields],
                    SegmentIndex{static_cast<std::uint8_t>((i - kScalars) / kSegmentFields)});
}
std::uint64_t &place_of(Vmcs &v, std::size_t i) {
    if (i < kScalars)
        return v.*kVmcsPlaces[i].member;
    GuestSegment &s = v.segments[(i - kScalars) / kSegmentFields];
    std::uint64_t *const members[kSegmentFields] = {&s.selector, &s.limit, &s.rights, &s.base};
    return *members[(i - kScalars) % kSegmentFields];
}

// VMWRITE drops what a field has no room for.
std::uint64_t fitting(VmcsField field, std::uint64_t value) {
    switch (encoding::WidthField::get(static_cast<std::uint32_t>(field))) {
    case encoding::Width::Bits16:
        return value & 0xffff;
    case encoding::Width::Bits32:
        return value & 0xffffffff;
    default:
        return value;
    }
}

class Oracle {
  public:
    explicit Oracle(std::uint64_t seed) : random_(seed) {
        limits_ = entry_limits(read_capabilities(x86::rdmsr));
        limits_.linear_bits = 48;                                        // Bochs 3.0 judges by the paging mode
        memset(reinterpret_cast<void *>(kVmxonRegion.raw()), 0, 0x5000); // identity-mapped, ours alone
        memset(reinterpret_cast<void *>(kVirtualApic.raw()), 0xff, 4096);
        const std::uint32_t revision = basic::Revision::get(limits_.capabilities.basic);
        memcpy(reinterpret_cast<void *>(kVmxonRegion.raw()), &revision, sizeof(revision));
        memcpy(reinterpret_cast<void *>(kVmcs.raw()), &revision, sizeof(revision));
        x86::write_cr4(x86::read_cr4() | bit(13)); // VMXE
        cr4_ = x86::read_cr4();
        VMM_ASSERT(vmxon(kVmxonRegion));
        VMM_ASSERT(vmclear(kVmcs));
        VMM_ASSERT(vmptrld(kVmcs));
    }

    void one() {
        base();
        changes_ = 0;
        for (std::uint64_t i = random_.below(kMaxChanges); i > 0; i--)
            change();
        make_harmless();
        write();
        const Vmcs asked = current_vmcs(); // without what this CPU lacks
        if (is_unfit(asked)) {
            skipped_++;
            return;
        }
        const Verdict expected = judge(asked), found = ask();
        asked_[static_cast<unsigned>(expected)]++;
        if (found != expected)
            report(expected, found, entry_fault(asked, limits_));
    }

    void summary() const {
        put("asked:");
        for (unsigned i = 0; i < 4; i++) {
            put(i == 0 ? " " : ", ");
            put_number(asked_[i]);
            put(" ");
            put(kVerdicts[i]);
        }
        put("; ");
        put_number(skipped_);
        put(" skipped\n");
        for (const Kind &kind : kinds_)
            if (kind.count != 0) {
                put("disagree: ");
                put_number(kind.count);
                put(" times, ");
                put_kind(kind);
                put("\n");
            }
        put("end\n");
    }

  private:
    void base() {
        v_ = test::sound_vmcs(limits_.capabilities);
        v_.pin |= pin::PreemptionTimer;
        v_.host_cr3 = x86::read_cr3();
        v_.host_cr4 = cr4_;
        v_.host_rip = reinterpret_cast<std::uint64_t>(landing);
        v_.host_rsp = v_.host_gs_base = v_.host_tr_base = v_.host_gdtr_base = v_.host_idtr_base = 0;
        v_.ept_pointer = eptp::make(kEptRoot.raw(), 4, false);
        v_.io_bitmap_a = v_.io_bitmap_b = v_.msr_bitmap = kZeroes.raw();
        v_.virtual_apic = kVirtualApic.raw();
        switch (random_.below(8)) {
        case 0:
            test::set_real_mode(v_);
            break;
        case 1:
            test::set_protected_mode(v_);
            break;
        case 2:
            test::set_pae_paging(v_);
            break;
        case 3:
            test::set_virtual_8086(v_);
            break;
        case 4:
            v_[SegmentIndex::Cs].rights = 0xa0fb;
            v_[SegmentIndex::Ss].rights = 0xc0f3;
            break;
        default:
            break;
        }
        if (random_.below(4) == 0)
            v_.injected = random_.below(4) == 0 ? interruption::make(interruption::Type::Nmi, 2)
                                                : interruption::Valid | random_.below(0x1000);
        if (random_.below(4) == 0)
            v_.injected_length = random_.below(20);
        if (random_.below(6) == 0)
            v_.interruptibility = random_.below(0x20);
        if (random_.below(8) == 0)
            v_.activity = random_.below(5);
        if (random_.below(8) == 0)
            v_.rflags ^= x86::rflags::TF;
        if (random_.below(8) == 0)
            v_.pending_debug = bit(14) | bit(12);
        if (random_.below(16) == 0)
            v_.secondary &= ~std::uint64_t{secondary::UnrestrictedGuest};
    }

    void change() {
        const std::size_t i = random_.below(kAll);
        const VmcsField field = field_number(i);
        std::uint64_t &place = place_of(v_, i);
        switch (random_.below(6)) {
        case 0:
            place = random_();
            break;
        case 1:
            place = random_() >> random_.below(64);
            break;
        case 2:
            place ^= bit(static_cast<unsigned>(random_.below(64))) | bit(static_cast<unsigned>(random_.below(64)));
            break;
        default:
            place ^= bit(static_cast<unsigned>(random_.below(encoding_bits(field))));
        }
        place = fitting(field, place);
        for (std::uint64_t *count : {&v_.exit_store_count, &v_.exit_load_count, &v_.entry_load_count})
            *count &= 0xffffff; // Bochs 3.0 multiplies them in 32 bits
        change_[changes_++] = {field, place};
    }
    static unsigned encoding_bits(VmcsField field) {
        switch (encoding::WidthField::get(static_cast<std::uint32_t>(field))) {
        case encoding::Width::Bits16:
            return 16;
        case encoding::Width::Bits32:
            return 32;
        default:
            return 64;
        }
    }

    // What an exit would write, load and return to, and what a guest would read, is ours where it is valid.
    void make_harmless() {
        if (limits_.fits(v_.host_cr3))
            v_.host_cr3 = x86::read_cr3();
        if ((v_.host_cr4 & x86::cr4::PAE) &&
            fixed_bits_hold(v_.host_cr4, limits_.capabilities.cr4_fixed0, limits_.capabilities.cr4_fixed1))
            v_.host_cr4 = cr4_;
        v_.cr4 &= ~x86::cr4::LA57; // Bochs 3.0 ends with a panic when an entry changes it
        if (limits_.canonical(v_.host_rip))
            v_.host_rip = reinterpret_cast<std::uint64_t>(landing);
        if (msr_list_is_valid(limits_, v_.exit_store_count, v_.exit_store_address))
            v_.exit_store_count = 0;
        if (msr_list_is_valid(limits_, v_.exit_load_count, v_.exit_load_address))
            v_.exit_load_count = 0;
        if (msr_list_is_valid(limits_, v_.entry_load_count, v_.entry_load_address))
            v_.entry_load_count = 0;
        if (limits_.page(v_.link_pointer))
            v_.link_pointer = kNoVmcsLink; // to memory that holds no VMCS
        if (limits_.page(v_.virtual_apic))
            v_.virtual_apic = kVirtualApic.raw();
        if (limits_.fits(v_.ept_pointer))
            v_.ept_pointer = kEptRoot.raw() | (v_.ept_pointer & 0xfff);
    }
    // Nothing would end such a state, were it entered: and a CPU may enter what the oracle refuses.
    bool is_unfit(const Vmcs &v) const {
        const bool timer = v.pin & pin::PreemptionTimer, no_memory = secondary_of(v) & secondary::Ept;
        const bool ends = v.activity > 3 || (v.activity == 0 && no_memory) || (v.activity <= 1 && timer);
        if (!ends)
            return true;
        // Bochs 3.0 enters these, and ends with a panic.
        const bool no_paging = (v.entry & entry_control::Ia32eModeGuest) && !(v.cr0 & x86::cr0::PG);
        return no_paging || (v.entry & entry_control::EntryToSmm) != 0;
    }

    void write() {
        for (std::size_t i = 0; i < kAll; i++) {
            bool failed; // a field that this CPU lacks
            asm volatile("vmwrite %1, %2"
                         : "=@ccbe"(failed)
                         : "r"(place_of(v_, i)), "r"(static_cast<std::uint64_t>(field_number(i))));
        }
        vmwrite(VmcsField::PreemptionTimer, 0);
    }

    Verdict judge(const Vmcs &v) const {
        if (control_fault(v, limits_))
            return Verdict::Controls;
        if (host_fault(v, limits_))
            return Verdict::Host;
        return guest_fault(v, limits_) ? Verdict::Guest : Verdict::Entered;
    }

    Verdict ask() {
        const bool failed = launch();
        VMM_ASSERT(failed || vmread(VmcsField::HostRip) == reinterpret_cast<std::uint64_t>(landing));
        seen_ = vmread(failed ? VmcsField::VmInstructionError : VmcsField::ExitReason);
        qualification_ = failed ? 0 : vmread(VmcsField::ExitQualification);
        VMM_ASSERT(vmclear(kVmcs)); // so that the next VMLAUNCH finds it clear
        VMM_ASSERT(vmptrld(kVmcs));
        if (failed)
            return seen_ == 7 ? Verdict::Controls : seen_ == 8 ? Verdict::Host : Verdict::Other;
        if (!(seen_ & exit_reason::EntryFailure))
            return Verdict::Entered;
        return exit_reason::Basic::get(seen_) == ExitReason::EntryFailureGuestState ? Verdict::Guest : Verdict::Other;
    }

    // Each kind once in full; the summary counts them.
    void report(Verdict expected, Verdict found, const char *what) {
        Kind *const kind = kind_of(expected, found, what);
        VMM_ASSERT(kind);
        if (kind->count++ != 0)
            return;
        put("first: ");
        put_kind(*kind);
        put(" | ");
        put_number(seen_ & 0xffff);
        put("/");
        put_number(qualification_);
        describe();
        put("\n");
    }
    struct Kind {
        Verdict expected, found;
        const char *what;
        std::uint64_t count;
    };
    Kind *kind_of(Verdict expected, Verdict found, const char *what) {
        for (Kind &kind : kinds_) {
            if (kind.count == 0)
                kind = {expected, found, what, 0};
            if (kind.expected == expected && kind.found == found && kind.what == what)
                return &kind;
        }
        return nullptr;
    }
    static void put_kind(const Kind &kind) {
        put("oracle ");
        put(kVerdicts[static_cast<unsigned>(kind.expected)]);
        put(", CPU ");
        put(kVerdicts[static_cast<unsigned>(kind.found)]);
        put(": ");
        put(kind.what ? kind.what : "nothing");
    }
    void describe() const {
        put(" cr0 ");
        put_hex(v_.cr0);
        put(" entry ");
        put_hex(v_.entry);
        put(" injected ");
        put_hex(v_.injected);
        put(" blocking ");
        put_number(v_.interruptibility);
        put(" activity ");
        put_number(v_.activity);
        put(" rflags ");
        put_hex(v_.rflags);
        for (unsigned i = 0; i < changes_; i++) {
            put(" ");
            put_hex(static_cast<std::uint32_t>(change_[i].field));
            put("=");
            put_hex(change_[i].value);
        }
    }

    Random random_;
    std::uint64_t cr4_ = 0; // before any exit has loaded another
    EntryLimits limits_;
    Vmcs v_;
    Change change_[kMaxChanges];
    unsigned changes_ = 0;
    std::uint64_t seen_ = 0, qualification_ = 0, skipped_ = 0, asked_[5] = {};
    Kind kinds_[64] = {};
};

} // namespace
} // namespace vmm::oracle

void run() {
    using namespace vmm;
    x86::out8(oracle::kSerialControl, 3); // 8 bits
    const auto *const given = reinterpret_cast<const volatile std::uint64_t *>(oracle::kSeedAt);
    const std::uint64_t seed = given[0], count = given[1];
    oracle::Oracle oracle(seed);
    for (std::uint64_t i = 0; i < count; i++)
        oracle.one();
    oracle.summary();
    oracle::end();
}

// The compiler calls these.
void *memset(void *to, int value, std::size_t bytes) {
    void *at = to;
    asm volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory");
    return to;
}
void *memcpy(void *to, const void *from, std::size_t bytes) {
    void *at = to;
    asm volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
    return to;
}
