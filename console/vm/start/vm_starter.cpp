// SPDX-License-Identifier: GPL-2.0-only
#include "console/vm/start/vm_starter.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "console/base/failure.hpp"
#include "console/vm/options/bad_value.hpp"
#include "console/vm/options/definition.hpp"
#include "console/vm/options/share_options.hpp"
#include "console/vm/orders/give_order.hpp"
#include "console/vm/start/creation_failure.hpp"
#include "console/vm/start/uncovered_ram.hpp"

namespace console {

namespace {

constexpr std::uint32_t console_history = 64 * 1024;
constexpr std::size_t chunk_bytes = 4 << 20; // a signal need not wait for a whole RAM disk

// A VM that does not run yet; removed, unless it is kept.
class Unfinished {
  public:
    Unfinished(VmmDevice &device, std::uint32_t id) : device_(device), id_(id) {}
    ~Unfinished() {
        if (!kept_)
            remove();
    }
    Unfinished(const Unfinished &) = delete;
    Unfinished &operator=(const Unfinished &) = delete;
    void keep() { kept_ = true; }

  private:
    void remove() {
        try {
            static_cast<void>(device_.order_vm(id_, VMNIX_VM_REMOVE));
        } catch (const Failure &) { // then the driver does it when the device is closed
        }
    }

    VmmDevice &device_;
    std::uint32_t id_;
    bool kept_ = false;
};

vmnix_vm_config config_of(const VmOptions &options, const Uuid &uuid) {
    vmnix_vm_config config{};
    config.size = sizeof config;
    config.vcpus = options.vcpus;
    config.memory = options.rounded_memory();
    std::copy(uuid.begin(), uuid.end(), config.uuid);
    options.name.copy(config.name, sizeof config.name - 1);
    config.share = options.share;
    config.flags = options.remove ? VMNIX_VM_AUTO_REMOVE : 0;
    config.console_size = console_history;
    const std::string definition = definition_text(options);
    config.definition_size = static_cast<std::uint32_t>(definition.size());
    definition.copy(config.definition, sizeof config.definition);
    return config;
}

void require(VmAnswer answer, const std::string &name, const char *what) {
    if (answer != VmAnswer::Ok)
        throw Failure(ExitCode::Failure, fmt::format("{} of {} was refused", what, name), "'vmnix dmesg' may tell why");
}

} // namespace

void VmStarter::check(const VmOptions &options) const {
    if (options.name.empty())
        throw Failure(ExitCode::Usage, "a VM needs a name", "give one: --name");
    if (options.kernel.empty())
        throw Failure(ExitCode::Usage, fmt::format("{} needs a kernel", options.name), "give one: --kernel");
    try {
        check_share(options.share, vms_.vmm().cpu_count);
    } catch (const BadValue &bad) {
        throw Failure(ExitCode::Usage, fmt::format("{}: {}", options.name, bad.what()));
    }
}

std::uint32_t VmStarter::create(const VmOptions &options, const Uuid &uuid) {
    vmnix_vm_create request{};
    request.config = config_of(options, uuid);
    const VmAnswer answer = vms_.device().create_vm(request);
    if (answer != VmAnswer::Ok)
        throw creation_failure(answer, options, request, vms_);
    return request.id;
}

void VmStarter::write(std::uint32_t id, const std::string &name, std::uint64_t to, std::span<const std::byte> bytes) {
    require(vms_.device().write_vm(id, to, bytes), name, "a write to the memory");
}

// A new VM's memory is zero where its image says nothing, and kernels count on it; a reset leaves what was there.
void VmStarter::clear_rest(const VmRecord &vm, const VmImage &image) {
    const std::vector<std::byte> zeros(chunk_bytes);
    for (const RamRange &range : uncovered_ram(image, vm.info().memory))
        for (std::uint64_t done = 0; done < range.size; done += chunk_bytes)
            write(vm.id(), vm.name(), range.base + done,
                  std::span(zeros).first(std::min<std::uint64_t>(range.size - done, chunk_bytes)));
}

void VmStarter::fill_and_start(std::uint32_t id, const std::string &name, const VmImage &image) {
    for (const VmImage::Part &part : image.parts)
        for (std::size_t done = 0; done < part.bytes.size(); done += chunk_bytes) {
            const auto rest = std::span(part.bytes).subspan(done);
            write(id, name, part.to + done, rest.first(std::min(rest.size(), chunk_bytes)));
        }
    require(vms_.device().start_vm(id, image.entry), name, "the start");
}

VmRecord VmStarter::start(VmOptions options) {
    check(options);
    VmOptions rounded = options;
    rounded.memory = options.rounded_memory();
    const VmImage image = environment_.load_image(rounded);
    const std::uint32_t id = create(options, options.uuid ? *options.uuid : random_uuid());
    Unfinished vm(vms_.device(), id);
    // Read before it runs: one that is removed at its end may be gone right after.
    const auto before = vms_.with_id(id);
    fill_and_start(id, options.name, image);
    vm.keep();
    const auto now = vms_.with_id(id);
    if (!now && !before)
        throw Failure(ExitCode::Failure, fmt::format("{} vanished while it was started", options.name));
    return now ? *now : *before;
}

void VmStarter::restart(const VmRecord &vm) {
    const auto text = vms_.device().vm_definition(vm.id());
    auto options = text ? parse_definition(*text) : std::nullopt;
    if (!options || options->kernel.empty())
        throw Failure(ExitCode::Refused,
                      fmt::format("vmnix does not know the files that {} was started with", vm.name()),
                      "remove it and run it anew");
    options->memory = vm.info().memory;
    options->vcpus = vm.info().vcpus;
    const VmImage image = environment_.load_image(*options); // nothing has changed yet, should that fail
    if (vm.info().state != VMNIX_VM_STATE_CREATED)
        give_order(vms_, vm, VMNIX_VM_RESET);
    clear_rest(vm, image);
    fill_and_start(vm.id(), vm.name(), image);
}

} // namespace console
