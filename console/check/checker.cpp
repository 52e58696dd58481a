// SPDX-License-Identifier: GPL-2.0-only
#include "console/check/checker.hpp"

#include <string_view>

#include "console/base/file.hpp"
#include "console/check/fact_gatherer.hpp"
#include "console/check/image_file.hpp"
#include "console/check/load_rows.hpp"
#include "console/check/module_file.hpp"

namespace console {

namespace {

using Verdict = CheckRow::Verdict;

std::string kernel_release(const std::filesystem::path &root) {
    std::string release = read_file(root.string() + "/proc/sys/kernel/osrelease").value_or("");
    while (!release.empty() && release.back() == '\n')
        release.pop_back();
    return release;
}

void add_load_rows(CheckReport &report, const std::filesystem::path &root, const std::optional<ModuleFile> &module,
                   const std::string &release) {
    report.rows.push_back(loading_row(root));
    report.rows.push_back(module_row(module, release));
    report.rows.push_back(signature_row(root, module));
    report.rows.push_back(kvm_row(root));
}

// The fact about the image; an empty string, or why there is none.
std::string judge_image(const ImageFile &image, const std::optional<ModuleFile> &module, vmnix_facts &facts) {
    facts.image = image.error;
    if (image.error != VMNIX_IMAGE_OK)
        return {};
    const bool comparable = image.digest && module && module->is_readable();
    if (comparable && !module->contains(*image.digest))
        facts.image = VMNIX_BAD_DIGEST;
    if (comparable)
        return {};
    facts.unknown |= VMNIX_UNKNOWN_IMAGE;
    if (image.state == ImageFile::State::Compressed)
        return "the VMM image: it is compressed; the module unpacks and checks it";
    if (image.state == ImageFile::State::Unreadable)
        return "the VMM image: only root may read it";
    return "the VMM image: whether it is the one that vmkmod takes; vmkmod cannot be read";
}

void add_preflight_rows(CheckReport &report, const vmnix_facts &facts) {
    for (std::uint32_t i = 0; const char *name = vmnix_preflight_row_name(i); ++i) {
        vmnix_refusal refusal;
        const vmnix_verdict verdict = vmnix_preflight_row(&facts, i, &refusal);
        if (verdict == VMNIX_ROW_OTHER_VENDOR)
            continue;
        if (verdict == VMNIX_ROW_REFUSED)
            report.rows.push_back({name, Verdict::Refused, refusal.reason, refusal.remedy});
        else if (verdict == VMNIX_ROW_UNKNOWN)
            report.rows.push_back({name, Verdict::Unknown, "not seen from here", {}});
        else
            report.rows.push_back({name, Verdict::Ok, {}, {}});
    }
}

} // namespace

CheckReport check_machine(const std::filesystem::path &root, CpuProbe &probe) {
    GatheredFacts gathered = FactGatherer(root, probe).gather();
    vmnix_facts &facts = *gathered.facts;
    CheckReport report;
    if (facts.under_vmnix) { // nothing else can be judged from inside
        report.rows.push_back({"not launched yet", Verdict::Refused, "the VMM runs already",
                               "use it (vmnix status), or stop it first (/etc/init.d/vmnix stop)"});
        return report;
    }
    const std::string release = kernel_release(root);
    const auto module = ModuleFile::find(root, release);
    const std::string obstacle = judge_image(ImageFile::look(root), module, facts);
    if (!obstacle.empty())
        gathered.unseen.push_back(obstacle);
    add_load_rows(report, root, module, release);
    add_preflight_rows(report, facts);
    for (std::uint32_t i = 0; const char *warning = vmnix_preflight_warning(&facts, i); ++i)
        report.warnings.push_back(warning);
    report.unseen = std::move(gathered.unseen);
    return report;
}

} // namespace console
