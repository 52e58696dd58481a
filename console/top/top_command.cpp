// SPDX-License-Identifier: GPL-2.0-only
#include "console/top/top_command.hpp"

#include <chrono>
#include <cstring>
#include <fmt/format.h>

#include "console/text/style.hpp"
#include "console/text/units.hpp"
#include "console/top/rates_view.hpp"
#include "console/top/top_screen.hpp"

namespace console {

namespace {

using Clock = std::chrono::steady_clock;

std::string heading(const vmnix_info &info, const Rates &rates) {
    const std::string_view version(info.version, strnlen(info.version, sizeof info.version));
    return fmt::format("vmnix {}: {} vCPUs, exits per second during {}; q quits\n\n", version, info.cpu_count,
                       duration(rates.seconds));
}

void run_batch(Environment &environment, const TopOptions &options, VmmDevice &device) {
    const vmnix_info info = device.info();
    const unsigned count = options.count.value_or(1);
    Sample before = Sample::read_from(device, info.cpu_count);
    for (unsigned shown = 0; count == 0 || shown < count; ++shown) {
        environment.sleep(options.interval);
        Sample after = Sample::read_from(device, info.cpu_count);
        const Rates rates = Rates::between(before, after, info.tsc_khz);
        if (options.json)
            environment.out.write(json_text(rates_json(rates), JsonForm::OneLine));
        else
            environment.out.write((shown ? "\n" : "") +
                                  rates_table(rates, Style(false), {environment.out.size().columns, 0}));
        before = std::move(after);
    }
}

// What the screen shows, kept so that a resize or a key need not wait for the next sample.
class LiveTable {
  public:
    LiveTable(Environment &environment, VmmDevice &device)
        : out_(environment.out), device_(device), info_(device.info()),
          last_(Sample::read_from(device, info_.cpu_count)) {}

    void update() {
        Sample now = Sample::read_from(device_, info_.cpu_count);
        rates_ = Rates::between(last_, now, info_.tsc_khz);
        last_ = std::move(now);
    }

    void scroll(int by) {
        if (by < 0 && first_row_ > 0)
            --first_row_;
        else if (by > 0 && first_row_ + 1 < rates_.cpus.size())
            ++first_row_;
    }

    bool measured() const { return !rates_.cpus.empty(); }

    std::string text() const {
        if (!measured())
            return "measuring ...\n";
        const TextSize size = out_.size();
        const unsigned rows = size.rows > 4 ? size.rows - 3 : 1; // the heading; the last line stays free
        return heading(info_, rates_) + rates_table(rates_, Style::suited_to(out_), {size.columns, rows}, first_row_);
    }

  private:
    Output &out_;
    VmmDevice &device_;
    vmnix_info info_;
    Sample last_;
    Rates rates_;
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
        table.scroll(event == TopScreen::Event::Up ? -1 : event == TopScreen::Event::Down ? 1 : 0);
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
    LiveTable table(environment, device);
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
