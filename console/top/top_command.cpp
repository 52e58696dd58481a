// SPDX-License-Identifier: GPL-2.0-only
#include "console/top/top_command.hpp"

#include <chrono>
#include <cstring>
#include <fmt/format.h>

#include "console/text/style.hpp"
#include "console/text/units.hpp"
#include "console/top/rates_view.hpp"
#include "console/top/top_screen.hpp"
#include "console/top/vm_rates.hpp"

namespace console {

namespace {

using Clock = std::chrono::steady_clock;

// All that is shown, read at about one moment.
struct TopSample {
    Sample cpus;
    VmSample vms;

    static TopSample read_from(VmmDevice &device, const vmnix_info &info) {
        return {Sample::read_from(device, info.cpu_count), VmSample::read_from(device, info)};
    }
};

struct TopRates {
    Rates cpus;
    VmRates vms;

    static TopRates between(const TopSample &before, const TopSample &after, std::uint64_t tsc_khz) {
        return {Rates::between(before.cpus, after.cpus, tsc_khz), VmRates::between(before.vms, after.vms, tsc_khz)};
    }
};

std::string heading(const vmnix_info &info, const TopRates &rates, bool of_vms) {
    const std::string_view version(info.version, strnlen(info.version, sizeof info.version));
    const std::string time = duration(rates.cpus.seconds);
    if (of_vms)
        return fmt::format("vmnix {}: {} CPUs, shares of one CPU during {}; e shows exits, q quits\n\n", version,
                           info.cpu_count, time);
    return fmt::format("vmnix {}: {} vCPUs, exits per second during {}; {}q quits\n\n", version, info.cpu_count, time,
                       rates.vms.any_vm() ? "e shows VMs, " : "");
}

std::string batch_text(const TopRates &rates, const TopOptions &options, unsigned columns) {
    if (rates.vms.any_vm() && !options.exits)
        return vm_rates_table(rates.vms, Style(false), {columns, 0});
    return rates_table(rates.cpus, Style(false), {columns, 0});
}

Json batch_json(const TopRates &rates) {
    Json json = rates_json(rates.cpus);
    json["vms"] = vm_rates_json(rates.vms);
    return json;
}

void run_batch(Environment &environment, const TopOptions &options, VmmDevice &device) {
    const vmnix_info info = device.info();
    const unsigned count = options.count.value_or(1);
    TopSample before = TopSample::read_from(device, info);
    for (unsigned shown = 0; count == 0 || shown < count; ++shown) {
        environment.sleep(options.interval);
        TopSample after = TopSample::read_from(device, info);
        const TopRates rates = TopRates::between(before, after, info.tsc_khz);
        if (options.json)
            environment.out.write(json_text(batch_json(rates), JsonForm::OneLine));
        else
            environment.out.write((shown ? "\n" : "") + batch_text(rates, options, environment.out.size().columns));
        before = std::move(after);
    }
}

// What the screen shows, kept so that a resize or a key need not wait for the next sample.
class LiveTable {
  public:
    LiveTable(Environment &environment, VmmDevice &device, bool exits)
        : out_(environment.out), device_(device), info_(device.info()), last_(TopSample::read_from(device, info_)),
          exits_(exits) {}

    void update() {
        TopSample now = TopSample::read_from(device_, info_);
        rates_ = TopRates::between(last_, now, info_.tsc_khz);
        last_ = std::move(now);
    }

    void answer(TopScreen::Event event) {
        if (event == TopScreen::Event::Up && first_row_ > 0)
            --first_row_;
        else if (event == TopScreen::Event::Down && first_row_ + 1 < row_count())
            ++first_row_;
        else if (event == TopScreen::Event::Exits)
            exits_ = !exits_, first_row_ = 0;
    }

    bool measured() const { return !rates_.cpus.cpus.empty(); }

    std::string text() const {
        if (!measured())
            return "measuring ...\n";
        const TextSize size = out_.size();
        const TextSize room{size.columns, size.rows > 4 ? size.rows - 3 : 1}; // the heading; the last line stays free
        const Style style = Style::suited_to(out_);
        return heading(info_, rates_, of_vms()) + (of_vms() ? vm_rates_table(rates_.vms, style, room, first_row_)
                                                            : rates_table(rates_.cpus, style, room, first_row_));
    }

  private:
    bool of_vms() const { return !exits_ && rates_.vms.any_vm(); }
    std::size_t row_count() const { return of_vms() ? rates_.vms.vms.size() : rates_.cpus.cpus.size(); }

    Output &out_;
    VmmDevice &device_;
    vmnix_info info_;
    TopSample last_;
    TopRates rates_;
    bool exits_;
    std::size_t first_row_ = 0;
};

// Waits until `due` and answers keys meanwhile; false when the user has seen enough.
bool attend_until(Clock::time_point due, TopScreen &screen, LiveTable &table) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now()).count();
        const TopScreen::Event event = screen.wait(left > 0 ? static_cast<int>(left) : 0);
        if (event == TopScreen::Event::Timeout)
            return true;
        if (event == TopScreen::Event::Quit)
            return false;
        table.answer(event);
        screen.draw(table.text());
    }
}

void refresh_until_enough(TopScreen &screen, LiveTable &table, const TopOptions &options) {
    const auto interval = std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options.interval));
    const auto first = std::min<Clock::duration>(interval, std::chrono::milliseconds(250)); // show something soon
    const unsigned count = options.count.value_or(0);
    auto due = Clock::now() + first;
    for (unsigned shown = 0; attend_until(due, screen, table);) {
        table.update();
        screen.draw(table.text());
        due = Clock::now() + interval;
        if (++shown == count)
            return;
    }
}

void run_on_screen(Environment &environment, const TopOptions &options, VmmDevice &device) {
    LiveTable table(environment, device, options.exits);
    {
        TopScreen screen(environment.out);
        screen.draw(table.text());
        refresh_until_enough(screen, table, options);
    }
    if (table.measured()) // what was seen last stays to be read and copied
        environment.out.write(table.text());
}

} // namespace

ExitCode run_top(Environment &environment, const TopOptions &options) {
    const auto device = environment.open_device();
    if (options.json || !environment.out.is_terminal())
        run_batch(environment, options, *device);
    else
        run_on_screen(environment, options, *device);
    return ExitCode::Ok;
}

} // namespace console
