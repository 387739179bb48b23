/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "webtransport/ec-wt-fields.h"

#include <string.h>

#include "webtransport/ec-nghttp3-compat.h"
#include "webtransport/ec-wt-wire.h"

struct _EcWtQpack {
  nghttp3_qpack_encoder *encoder;
  nghttp3_qpack_decoder *decoder;
};

EcWtQpack *
ec_wt_qpack_new (void)
{
  EcWtQpack *self = g_new0 (EcWtQpack, 1);
  const nghttp3_mem *mem = nghttp3_mem_default ();

  if (nghttp3_qpack_encoder_new (&self->encoder, 0, mem) != 0 ||
      nghttp3_qpack_decoder_new (&self->decoder, 0, 0, mem) != 0)
    g_clear_pointer (&self, ec_wt_qpack_free);
  return self;
}

void
ec_wt_qpack_free (EcWtQpack *self)
{
  g_clear_pointer (&self->encoder, nghttp3_qpack_encoder_del);
  g_clear_pointer (&self->decoder, nghttp3_qpack_decoder_del);
  g_free (self);
}

gboolean
ec_wt_qpack_encode (EcWtQpack *self, GByteArray *array, const EcWtField *fields, guint n)
{
  const nghttp3_mem *mem = nghttp3_mem_default ();
  nghttp3_buf prefix, section, instructions;
  g_autofree nghttp3_nv *nva = g_new0 (nghttp3_nv, n);
  int result;

  for (guint i = 0; i < n; i++) {
    nva[i].name = EC_NGHTTP3_BYTES (fields[i].name);
    nva[i].namelen = strlen (fields[i].name);
    nva[i].value = EC_NGHTTP3_BYTES (fields[i].value);
    nva[i].valuelen = strlen (fields[i].value);
  }
  nghttp3_buf_init (&prefix);
  nghttp3_buf_init (&section);
  nghttp3_buf_init (&instructions);
  result =
      nghttp3_qpack_encoder_encode (self->encoder, &prefix, &section, &instructions, 0, nva, n);
  if (result == 0) {
    /* Without a table there is nothing to say on the encoder stream, so there is none. */
    g_assert (nghttp3_buf_len (&instructions) == 0);
    g_byte_array_append (array, prefix.pos, (guint) nghttp3_buf_len (&prefix));
    g_byte_array_append (array, section.pos, (guint) nghttp3_buf_len (&section));
  }
  nghttp3_buf_free (&prefix, mem);
  nghttp3_buf_free (&section, mem);
  nghttp3_buf_free (&instructions, mem);
  return result == 0;
}

static void
field_clear (gpointer data)
{
  EcWtField *field = data;

  g_free (field->name);
  g_free (field->value);
}

/* RFC 9114 §4.2, RFC 9110 §5.1 and §5.5. */
static gboolean
is_valid_name (const guint8 *name, gsize size)
{
  gsize begin = size > 0 && name[0] == ':' ? 1 : 0;

  if (size == begin)
    return FALSE;
  for (gsize i = begin; i < size; i++) {
    guint8 c = name[i];

    if (!g_ascii_islower (c) && !g_ascii_isdigit (c) && !(c && strchr ("!#$%&'*+-.^_`|~", c)))
      return FALSE;
  }
  return TRUE;
}

static gboolean
is_valid_value (const guint8 *value, gsize size)
{
  for (gsize i = 0; i < size; i++) {
    if ((value[i] < 0x20 && value[i] != '\t') || value[i] == 0x7f)
      return FALSE;
  }
  return TRUE;
}

/* Adds what was decoded; returns 0 or an error. */
static guint64
add_field (GArray *fields, const nghttp3_qpack_nv *nv, gsize *total)
{
  nghttp3_vec name = nghttp3_rcbuf_get_buf (nv->name);
  nghttp3_vec value = nghttp3_rcbuf_get_buf (nv->value);
  EcWtField field;

  *total += name.len + value.len + 32;
  if (*total > EC_WT_SECTION_MAX || fields->len == EC_WT_FIELDS_MAX)
    return EC_H3_EXCESSIVE_LOAD;
  if (!is_valid_name (name.base, name.len) || !is_valid_value (value.base, value.len))
    return EC_H3_MESSAGE_ERROR;
  /* RFC 9114 §4.3: pseudo-fields come first, each once. */
  if (name.base[0] == ':') {
    for (guint i = 0; i < fields->len; i++) {
      const EcWtField *other = &g_array_index (fields, EcWtField, i);

      if (other->name[0] != ':' || strcmp (other->name, (const char *) name.base) == 0)
        return EC_H3_MESSAGE_ERROR;
    }
  }
  field.name = g_strndup ((const char *) name.base, name.len);
  field.value = g_strndup ((const char *) value.base, value.len);
  g_array_append_val (fields, field);
  return 0;
}

static guint64
decode (EcWtQpack *self,
        nghttp3_qpack_stream_context *context,
        GArray *fields,
        const guint8 *data,
        gsize size)
{
  gsize total = 0;
  guint64 error = 0;

  while (error == 0) {
    nghttp3_qpack_nv nv;
    guint8 flags = 0;
    nghttp3_ssize n =
        nghttp3_qpack_decoder_read_request (self->decoder, context, &nv, &flags, data, size, 1);

    if (n < 0 || (flags & NGHTTP3_QPACK_DECODE_FLAG_BLOCKED))
      return EC_QPACK_DECOMPRESSION_FAILED;
    data += n;
    size -= (gsize) n;
    if (flags & NGHTTP3_QPACK_DECODE_FLAG_EMIT) {
      error = add_field (fields, &nv, &total);
      nghttp3_rcbuf_decref (nv.name);
      nghttp3_rcbuf_decref (nv.value);
    }
    if (flags & NGHTTP3_QPACK_DECODE_FLAG_FINAL)
      break;
    if (n == 0 && !(flags & NGHTTP3_QPACK_DECODE_FLAG_EMIT))
      return EC_QPACK_DECOMPRESSION_FAILED;
  }
  return error;
}

GArray *
ec_wt_qpack_decode (EcWtQpack *self, const guint8 *data, gsize size, guint64 *error)
{
  g_autoptr (GArray) fields = g_array_new (FALSE, FALSE, sizeof (EcWtField));
  nghttp3_qpack_stream_context *context = NULL;

  g_array_set_clear_func (fields, field_clear);
  *error = EC_QPACK_DECOMPRESSION_FAILED;
  if (nghttp3_qpack_stream_context_new (&context, 0, nghttp3_mem_default ()) != 0)
    return NULL;
  *error = decode (self, context, fields, data, size);
  nghttp3_qpack_stream_context_del (context);
  return *error == 0 ? g_steal_pointer (&fields) : NULL;
}

gboolean
ec_wt_qpack_read_encoder (EcWtQpack *self, const guint8 *data, gsize size)
{
  return size == 0 ||
         nghttp3_qpack_decoder_read_encoder (self->decoder, data, size) == (nghttp3_ssize) size;
}

gboolean
ec_wt_qpack_read_decoder (EcWtQpack *self, const guint8 *data, gsize size)
{
  return size == 0 ||
         nghttp3_qpack_encoder_read_decoder (self->encoder, data, size) == (nghttp3_ssize) size;
}

char *
ec_wt_fields_get (GArray *fields, const char *name)
{
  GString *value = NULL;

  for (guint i = 0; i < fields->len; i++) {
    const EcWtField *field = &g_array_index (fields, EcWtField, i);

    if (strcmp (field->name, name) != 0)
      continue;
    if (value)
      g_string_append_printf (value, ", %s", field->value);
    else
      value = g_string_new (field->value);
  }
  return value ? g_string_free (value, FALSE) : NULL;
}
