/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "media/ec-avcodec.h"

#include <dlfcn.h>

#define CODEC_SONAME "libavcodec.so." G_STRINGIFY (LIBAVCODEC_VERSION_MAJOR)
#define UTIL_SONAME "libavutil.so." G_STRINGIFY (LIBAVUTIL_VERSION_MAJOR)

static gboolean
load (EcAvcodec *av)
{
  void *codec = dlopen (CODEC_SONAME, RTLD_LAZY | RTLD_LOCAL);
  void *util = dlopen (UTIL_SONAME, RTLD_LAZY | RTLD_LOCAL);
  const struct {
    void **slot;
    void *library;
    const char *name;
  } symbols[] = {
    { (void **) &av->version, codec, "avcodec_version" },
    { (void **) &av->find_encoder_by_name, codec, "avcodec_find_encoder_by_name" },
    { (void **) &av->alloc_context, codec, "avcodec_alloc_context3" },
    { (void **) &av->free_context, codec, "avcodec_free_context" },
    { (void **) &av->open, codec, "avcodec_open2" },
    { (void **) &av->send_frame, codec, "avcodec_send_frame" },
    { (void **) &av->receive_packet, codec, "avcodec_receive_packet" },
    { (void **) &av->packet_alloc, codec, "av_packet_alloc" },
    { (void **) &av->packet_unref, codec, "av_packet_unref" },
    { (void **) &av->packet_free, codec, "av_packet_free" },
    { (void **) &av->frame_alloc, util, "av_frame_alloc" },
    { (void **) &av->frame_free, util, "av_frame_free" },
    { (void **) &av->frame_get_buffer, util, "av_frame_get_buffer" },
    { (void **) &av->frame_make_writable, util, "av_frame_make_writable" },
    { (void **) &av->opt_set, util, "av_opt_set" },
    { (void **) &av->strerror, util, "av_strerror" },
    { (void **) &av->log_set_level, util, "av_log_set_level" },
  };

  if (!codec || !util)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (symbols); i++) {
    *symbols[i].slot = dlsym (symbols[i].library, symbols[i].name);
    if (!*symbols[i].slot)
      return FALSE;
  }
  return TRUE;
}

const EcAvcodec *
ec_avcodec_get (GError **error)
{
  static EcAvcodec av;
  static gsize state; /* 1: loaded, 2: missing */

  if (g_once_init_enter (&state)) {
    gsize result = load (&av) ? 1 : 2;

    if (result == 1)
      av.log_set_level (AV_LOG_FATAL);
    g_once_init_leave (&state, result);
  }

  if (state == 1)
    return &av;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               "The simulated broadcast needs %s, which cannot be loaded. Install the package "
               "“gstreamer1.0-libav”.",
               CODEC_SONAME);
  return NULL;
}
