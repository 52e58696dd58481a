// SPDX-License-Identifier: GPL-2.0-only
// What most tests and the console's sources include, parsed and instantiated once for all of them. Nothing relies on
// it: files include what they use.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>
