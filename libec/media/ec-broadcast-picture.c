/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-broadcast-picture.h"

#include <math.h>
#include <string.h>

#include "media/ec-media-random.h"
#include "media/ec-stroke-font.h"

#define GRAIN_SIZE 65536
#define PURPOSE_GRAIN 0x677261696eULL

typedef struct {
  double y, u, v; /* 8-bit video levels */
} Color;

/*
 * A capsule (a disc where both ends are one), or a ring where `hole` is not 0; in lines of the
 * picture, so that a circle is round whatever the shape of the pixels.
 */
typedef struct {
  double x0, y0, x1, y1;
  double radius;
  double hole;
} Shape;

struct _EcBroadcastPicture {
  EcPictureSpec spec;
  gsize size; /* of all planes, bytes */
  guint8 *background;
  guint8 *scratch; /* the second field's moment */
  gint8 *grain;    /* GRAIN_SIZE values */
};

static Color
color_from_rgb (double r, double g, double b)
{
  Color color;
  double luma = 0.2126 * r + 0.7152 * g + 0.0722 * b; /* BT.709 */

  color.y = 16 + 219 * luma;
  color.u = 128 + 224 * (b - luma) / 1.8556;
  color.v = 128 + 224 * (r - luma) / 1.5748;
  return color;
}

static Color
color_from_hsv (double h, double s, double v)
{
  double rgb[3];

  for (guint i = 0; i < 3; i++) {
    double k = fmod (5.0 - 2.0 * i + h * 6.0, 6.0);

    rgb[i] = v - v * s * CLAMP (MIN (k, 4.0 - k), 0.0, 1.0);
  }
  return color_from_rgb (rgb[0], rgb[1], rgb[2]);
}

/* In lines. */
static double
display_width (const EcBroadcastPicture *self)
{
  return self->spec.width * self->spec.pixel_aspect;
}

static void
frame_over (EcPictureFrame *frame, guint8 *data, guint width, guint height)
{
  gsize luma = (gsize) width * height;

  frame->planes[0] = data;
  frame->planes[1] = data + luma;
  frame->planes[2] = data + luma + luma / 4;
  frame->strides[0] = width;
  frame->strides[1] = frame->strides[2] = width / 2;
}

/* How much of the sample at (x, y) the shape covers, 0–1; `unit` is the sample's size. */
static double
shape_coverage (const Shape *shape, double x, double y, double unit)
{
  double dx = shape->x1 - shape->x0, dy = shape->y1 - shape->y0;
  double px = x - shape->x0, py = y - shape->y0;
  double length = dx * dx + dy * dy;
  double along = length > 0 ? CLAMP ((px * dx + py * dy) / length, 0.0, 1.0) : 0;
  double rx = px - along * dx, ry = py - along * dy;
  double distance = sqrt (rx * rx + ry * ry);
  double inside = shape->radius - distance;

  if (shape->hole > 0)
    inside = MIN (inside, distance - shape->hole);
  return CLAMP (inside / unit + 0.5, 0.0, 1.0);
}

static void
paint_plane (guint8 *plane,
             gsize stride,
             guint width,
             guint height,
             guint unit,
             double aspect,
             const Shape *shape,
             double value,
             double alpha)
{
  double margin = shape->radius + unit, across = unit * aspect;
  int x0 = (int) floor ((MIN (shape->x0, shape->x1) - margin) / across);
  int x1 = (int) ceil ((MAX (shape->x0, shape->x1) + margin) / across);
  int y0 = (int) floor ((MIN (shape->y0, shape->y1) - margin) / unit);
  int y1 = (int) ceil ((MAX (shape->y0, shape->y1) + margin) / unit);

  for (int y = MAX (y0, 0); y < MIN (y1, (int) height); y++) {
    for (int x = MAX (x0, 0); x < MIN (x1, (int) width); x++) {
      double cover = shape_coverage (shape, (x + 0.5) * across, (y + 0.5) * unit, unit) * alpha;
      guint8 *sample = &plane[(gsize) y * stride + (gsize) x];

      if (cover > 0)
        *sample = (guint8) lrint (*sample + (value - *sample) * cover);
    }
  }
}

static void
paint_shape (const EcBroadcastPicture *self,
             EcPictureFrame *frame,
             const Shape *shape,
             const Color *color,
             double alpha)
{
  guint w = self->spec.width, h = self->spec.height;
  double aspect = self->spec.pixel_aspect;
  guint8 **planes = frame->planes;
  gsize *strides = frame->strides;

  paint_plane (planes[0], strides[0], w, h, 1, aspect, shape, color->y, alpha);
  paint_plane (planes[1], strides[1], w / 2, h / 2, 2, aspect, shape, color->u, alpha);
  paint_plane (planes[2], strides[2], w / 2, h / 2, 2, aspect, shape, color->v, alpha);
}

static void
paint_glyph (const EcBroadcastPicture *self,
             EcPictureFrame *frame,
             const char *strokes,
             double x,
             double y,
             double scale,
             double weight,
             const Color *color)
{
  gboolean first = TRUE;
  Shape shape = { .radius = weight };

  for (const char *p = strokes; *p; p += 2) {
    if (*p == ' ') {
      first = TRUE;
      p++;
    }
    shape.x1 = x + (p[0] - '0') * scale;
    shape.y1 = y + (p[1] - '0') * scale;
    if (first) {
      shape.x0 = shape.x1;
      shape.y0 = shape.y1;
    }
    /* A pair that starts a longer polyline paints nothing yet. */
    if (!first || p[2] == '\0' || p[2] == ' ')
      paint_shape (self, frame, &shape, color, 1.0);
    first = FALSE;
    shape.x0 = shape.x1;
    shape.y0 = shape.y1;
  }
}

static double
text_width (const char *text, double scale)
{
  double width = 0;

  for (const char *p = text; *p; p++)
    width += ec_stroke_font_advance (*p) * scale;
  return width;
}

/* (x, y) is the upper left corner; `height` that of the capitals, in lines. */
static void
paint_text (const EcBroadcastPicture *self,
            EcPictureFrame *frame,
            const char *text,
            double x,
            double y,
            double height,
            double bold,
            const Color *color)
{
  double scale = height / EC_STROKE_FONT_HEIGHT;

  for (const char *p = text; *p; p++) {
    paint_glyph (self, frame, ec_stroke_font_glyph (*p), x, y, scale, MAX (scale * bold, 0.6),
                 color);
    x += ec_stroke_font_advance (*p) * scale;
  }
}

static void
paint_gradient (EcBroadcastPicture *self, EcPictureFrame *frame)
{
  guint w = self->spec.width, h = self->spec.height;

  for (guint y = 0; y < h; y++) {
    double down = (double) y / h;

    for (guint x = 0; x < w; x++) {
      double across = (double) x / w - 0.72, below = down - 0.45;
      double glow = exp (-3.0 * (across * across + below * below));
      Color color = color_from_hsv (self->spec.hue, 0.75 - 0.25 * glow, 0.10 + 0.34 * glow);

      frame->planes[0][y * frame->strides[0] + x] = (guint8) lrint (color.y);
      if (x % 2 == 0 && y % 2 == 0) {
        frame->planes[1][y / 2 * frame->strides[1] + x / 2] = (guint8) lrint (color.u);
        frame->planes[2][y / 2 * frame->strides[2] + x / 2] = (guint8) lrint (color.v);
      }
    }
  }
}

/* 75 % bars along the bottom, as thick horizontal capsules. */
static void
paint_bars (EcBroadcastPicture *self, EcPictureFrame *frame)
{
  static const double bars[7][3] = { { 1, 1, 1 }, { 1, 1, 0 }, { 0, 1, 1 }, { 0, 1, 0 },
                                     { 1, 0, 1 }, { 1, 0, 0 }, { 0, 0, 1 } };
  double w = display_width (self), h = self->spec.height;
  double radius = h * 0.014, left = w * 0.06, width = w * 0.88 / 7;

  for (guint i = 0; i < 7; i++) {
    Color color = color_from_rgb (0.75 * bars[i][0], 0.75 * bars[i][1], 0.75 * bars[i][2]);
    Shape shape = {
      .x0 = left + i * width + radius,
      .x1 = left + (i + 1) * width - 2 * radius,
      .y0 = h * 0.94,
      .y1 = h * 0.94,
      .radius = radius,
    };

    paint_shape (self, frame, &shape, &color, 1.0);
  }
}

static void
clock_geometry (const EcBroadcastPicture *self, double *x, double *y, double *radius)
{
  *radius = self->spec.height * 0.24;
  *x = display_width (self) * 0.94 - *radius;
  *y = self->spec.height * 0.06 + *radius;
}

static void
paint_still (EcBroadcastPicture *self, EcPictureFrame *frame)
{
  Color white = color_from_rgb (0.96, 0.97, 1.0);
  Color soft = color_from_hsv (self->spec.hue, 0.25, 0.85);
  double w = display_width (self), h = self->spec.height;
  double x, y, radius, text = h * 0.075;

  paint_gradient (self, frame);
  paint_bars (self, frame);
  paint_text (self, frame, self->spec.number, w * 0.06, h * 0.09, h * 0.24, 0.42, &white);
  text = MIN (text, text * w * 0.46 / text_width (self->spec.name, text / EC_STROKE_FONT_HEIGHT));
  paint_text (self, frame, self->spec.name, w * 0.06, h * 0.42, text, 0.38, &white);
  paint_text (self, frame, self->spec.format, w * 0.06, h * 0.535, text * 0.5, 0.36, &soft);

  clock_geometry (self, &x, &y, &radius);
  paint_shape (self, frame, &(Shape){ x, y, x, y, radius, radius * 0.95 }, &white, 0.9);
  for (guint i = 0; i < self->spec.loop_seconds; i++) {
    double angle = 2 * G_PI * i / self->spec.loop_seconds;
    double outer = radius * 0.87, inner = radius * (i % 4 == 0 ? 0.74 : 0.82);
    Shape tick = { x + sin (angle) * inner,
                   y - cos (angle) * inner,
                   x + sin (angle) * outer,
                   y - cos (angle) * outer,
                   radius * (i % 4 == 0 ? 0.026 : 0.014),
                   0 };

    paint_shape (self, frame, &tick, &white, 0.9);
  }
}

/* What moves, at `seconds` into the loop. */
static void
paint_moving (EcBroadcastPicture *self, EcPictureFrame *frame, double seconds)
{
  Color white = color_from_rgb (0.96, 0.97, 1.0);
  Color red = color_from_rgb (0.95, 0.25, 0.2);
  Color gold = color_from_rgb (1.0, 0.78, 0.2);
  double w = self->spec.width, h = self->spec.height, x, y, radius;
  double angle = 2 * G_PI * seconds / self->spec.loop_seconds;
  double swing = fmod (seconds, 8.0) / 8.0, ball = h * 0.045, sway;
  guint frames = self->spec.frames_per_second;
  guint count = (guint) (seconds * frames + 1e-6);
  char digits[32];

  clock_geometry (self, &x, &y, &radius);
  paint_shape (self, frame,
               &(Shape){ x - sin (angle) * radius * 0.12, y + cos (angle) * radius * 0.12,
                         x + sin (angle) * radius * 0.7, y - cos (angle) * radius * 0.7,
                         radius * 0.03, 0 },
               &red, 1.0);
  paint_shape (self, frame, &(Shape){ x, y, x, y, radius * 0.07, 0 }, &red, 1.0);

  g_snprintf (digits, sizeof digits, "%02u:%02u", count / frames, count % frames);
  paint_text (self, frame, digits,
              x - text_width (digits, h * 0.09 / EC_STROKE_FONT_HEIGHT) / 2 + h * 0.01, h * 0.595,
              h * 0.09, 0.4, &white);

  sway = swing < 0.5 ? 2 * swing : 2 - 2 * swing;
  x = w * 0.06 + ball + (w * 0.88 - 2 * ball) * sway;
  y = h * 0.905 - ball - h * 0.13 * fabs (sin (G_PI * seconds));
  paint_shape (self, frame, &(Shape){ x, y, x, y, ball, 0 }, &gold, 1.0);
  paint_shape (
      self, frame,
      &(Shape){ x - ball * 0.3, y - ball * 0.35, x - ball * 0.3, y - ball * 0.35, ball * 0.22, 0 },
      &white, 0.8);
}

static void
add_grain (EcBroadcastPicture *self, EcPictureFrame *frame, guint n)
{
  guint w = self->spec.width;

  if (self->spec.grain <= 0)
    return;

  for (guint y = 0; y < self->spec.height; y++) {
    guint8 *row = frame->planes[0] + y * frame->strides[0];
    guint64 place = ec_media_hash (PURPOSE_GRAIN, n, y);
    const gint8 *grain = self->grain + place % (GRAIN_SIZE - w);

    for (guint x = 0; x < w; x++)
      row[x] = (guint8) (row[x] + grain[x]); /* levels stay far from the ends */
  }
}

EcBroadcastPicture *
ec_broadcast_picture_new (const EcPictureSpec *spec)
{
  EcBroadcastPicture *self = g_new0 (EcBroadcastPicture, 1);
  EcPictureFrame frame;

  g_assert (spec->width % 2 == 0 && spec->height % 4 == 0 && spec->width < GRAIN_SIZE / 2);
  self->spec = *spec;
  self->size = (gsize) spec->width * spec->height * 3 / 2;
  self->background = g_malloc (self->size);
  self->scratch = g_malloc (self->size);
  self->grain = g_malloc (GRAIN_SIZE);
  for (guint i = 0; i < GRAIN_SIZE; i++) {
    double sum = 0;

    for (guint j = 0; j < 4; j++)
      sum += ec_media_hash_unit (PURPOSE_GRAIN, j, i) - 0.5;
    /* Four uniform values have a standard deviation of 1/√3. */
    self->grain[i] = (gint8) lrint (sum * 1.732 * spec->grain);
  }

  frame_over (&frame, self->background, spec->width, spec->height);
  paint_still (self, &frame);
  return self;
}

void
ec_broadcast_picture_free (EcBroadcastPicture *self)
{
  g_free (self->background);
  g_free (self->scratch);
  g_free (self->grain);
  g_free (self);
}

static void
copy_lines (const EcBroadcastPicture *self,
            const EcPictureFrame *from,
            EcPictureFrame *to,
            guint first,
            guint step)
{
  for (guint p = 0; p < 3; p++) {
    guint width = p ? self->spec.width / 2 : self->spec.width;
    guint height = p ? self->spec.height / 2 : self->spec.height;

    for (guint y = first; y < height; y += step)
      memcpy (to->planes[p] + y * to->strides[p], from->planes[p] + y * from->strides[p], width);
  }
}

void
ec_broadcast_picture_paint (EcBroadcastPicture *self, guint n, EcPictureFrame *frame)
{
  guint fps = self->spec.frames_per_second;
  EcPictureFrame back, second;
  double seconds;

  n %= self->spec.loop_seconds * fps;
  seconds = (double) n / fps;
  frame_over (&back, self->background, self->spec.width, self->spec.height);
  copy_lines (self, &back, frame, 0, 1);
  paint_moving (self, frame, seconds);

  if (self->spec.interlaced) {
    frame_over (&second, self->scratch, self->spec.width, self->spec.height);
    copy_lines (self, &back, &second, 0, 1);
    paint_moving (self, &second, seconds + 0.5 / fps);
    copy_lines (self, &second, frame, 1, 2);
  }

  add_grain (self, frame, n);
}
