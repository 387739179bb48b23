/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

/*
 * EcMoqNews: the way of news to a GObject: flags that any thread sets, and that are told in the main context that was the thread default
 * when this was made. However many come before the context gets round to it, they are told at once.
 */
typedef struct _EcMoqNews EcMoqNews;
typedef void (*EcMoqNewsFunc) (GObject *object, guint what);

EcMoqNews *ec_moq_news_new (GObject *object, EcMoqNewsFunc func) G_GNUC_WARN_UNUSED_RESULT;
EcMoqNews *ec_moq_news_ref (EcMoqNews *self);
void ec_moq_news_unref (EcMoqNews *self);
void ec_moq_news_tell (EcMoqNews *self, guint what);
GMainContext *ec_moq_news_get_context (EcMoqNews *self);
