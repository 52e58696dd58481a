// SPDX-License-Identifier: GPL-2.0-only
// The Gregorian calendar: days since 1 January 1970 and back.
#pragma once

#include <cstdint>

namespace vmm::device {

struct Date {
    std::int64_t year;
    unsigned month;   // from 1
    std::int64_t day; // from 1
    constexpr bool operator==(const Date &) const = default;
};

// Years begin in March here: the leap day is then the last one, and months repeat their lengths every five.
inline constexpr std::int64_t kDaysOf400Years = 146097;
inline constexpr std::int64_t kMarchOfYear0 = 719468; // days before 1970

// A day outside its month counts on into the neighbours.
constexpr std::int64_t days_of(Date date) {
    const std::int64_t year = date.year - (date.month <= 2);
    const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int64_t year_of_era = year - era * 400;
    const std::int64_t month = (date.month + 9) % 12; // March is 0
    const std::int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * kDaysOf400Years + day_of_era - kMarchOfYear0;
}

constexpr Date date_of(std::int64_t days) {
    days += kMarchOfYear0;
    const std::int64_t era = (days >= 0 ? days : days - (kDaysOf400Years - 1)) / kDaysOf400Years;
    const std::int64_t day_of_era = days - era * kDaysOf400Years;
    const std::int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (kDaysOf400Years - 1)) / 365;
    const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int64_t month = (5 * day_of_year + 2) / 153;
    const std::int64_t day = day_of_year - (153 * month + 2) / 5 + 1;
    const std::int64_t year = year_of_era + era * 400 + (month >= 10);
    return {year, static_cast<unsigned>(month < 10 ? month + 3 : month - 9), day};
}

// 0 is Sunday.
constexpr unsigned weekday_of(std::int64_t days) {
    const std::int64_t rest = (days + 4) % 7; // 1 January 1970 was a Thursday
    return static_cast<unsigned>(rest < 0 ? rest + 7 : rest);
}

static_assert(days_of({1970, 1, 1}) == 0 && date_of(0) == Date{1970, 1, 1});
static_assert(days_of({2000, 2, 30}) == days_of({2000, 3, 1}) && weekday_of(0) == 4);

} // namespace vmm::device
