# SPDX-License-Identifier: GPL-2.0-only
LIBS.decode = -lZydis
