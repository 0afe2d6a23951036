# SPDX-License-Identifier: GPL-2.0-only
"""What the programs that make pages and pictures share: the page, its colours, its plots."""
