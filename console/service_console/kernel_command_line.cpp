// SPDX-License-Identifier: GPL-2.0-only
#include "console/service_console/kernel_command_line.hpp"

#include <vector>

namespace console {

namespace {

std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool quoted = false;
    for (const char letter : line) {
        if (letter == '"')
            quoted = !quoted;
        const bool between = !quoted && (letter == ' ' || letter == '\n' || letter == '\t');
        if (!between)
            word += letter;
        else if (!word.empty())
            words.push_back(std::move(word)), word.clear();
    }
    if (!word.empty())
        words.push_back(std::move(word));
    return words;
}

bool of_this_boot(const std::string &word) {
    return word.starts_with("BOOT_IMAGE=") || word.starts_with("initrd=") || word == adopt_word || word == "vmnix=off";
}

} // namespace

std::string restart_command_line(std::string_view before) {
    std::string line, for_init; // what follows "--" is for the first program
    bool behind = false, knows_panic = false;
    for (const std::string &word : words_of(before)) {
        behind = behind || word == "--";
        knows_panic = knows_panic || (!behind && word.starts_with("panic="));
        if (behind)
            for_init += " " + word;
        else if (!of_this_boot(word))
            line += word + " ";
    }
    if (!knows_panic)
        line += std::string(panic_word) + " ";
    return line + std::string(adopt_word) + for_init;
}

} // namespace console
