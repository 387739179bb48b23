/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * A font of strokes, so that the simulated picture depends on no installed font and is the same on
 * every machine. A glyph is a list of polylines on a grid 4 wide and 6 high, y downwards: pairs of
 * digits "xy", polylines separated by a space, a lone pair is a dot.
 */
#define EC_STROKE_FONT_HEIGHT 6.0

/* The strokes of `c`; lower case is drawn as upper case, what is unknown as a blank. */
const char *ec_stroke_font_glyph (char c);

/* How far the pen moves after `c`, in grid units. */
double ec_stroke_font_advance (char c);
