# SPDX-License-Identifier: GPL-2.0-only
SOURCES.loader := console/loader/reserve.cpp
