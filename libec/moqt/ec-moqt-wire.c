/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-wire.h"

#include <string.h>

void
ec_moqt_in_fail (EcMoqtIn *self, EcMoqtCloseCode code, const char *text)
{
  /* Where the reader has failed already, more bytes are needed: what they are is not known yet. */
  if (!self->reader.failed && !self->bad) {
    self->problem = (EcMoqtProblem){ code, text };
    self->bad = TRUE;
  }
  self->reader.failed = TRUE;
}

void
ec_moqt_in_sub (EcMoqtIn *self, guint64 size, EcMoqtIn *sub)
{
  *sub = *self;
  if (size > ec_reader_left (&self->reader))
    self->reader.failed = TRUE;
  sub->reader = ec_reader_sub (&self->reader, self->reader.failed ? 0 : (gsize) size);
}

gboolean
ec_moqt_in_sub_done (EcMoqtIn *self, EcMoqtIn *sub, EcMoqtCloseCode code, const char *text)
{
  if (self->reader.failed)
    return FALSE;
  if (sub->bad)
    ec_moqt_in_fail (self, sub->problem.code, sub->problem.text);
  else if (sub->reader.failed || ec_reader_left (&sub->reader) > 0)
    ec_moqt_in_fail (self, code, text);
  return !self->reader.failed;
}

guint64
ec_moqt_in_number (EcMoqtIn *self)
{
  return self->wire->varint->read (&self->reader);
}

/* §1.4.2 */
EcMoqtLocation
ec_moqt_in_location (EcMoqtIn *self)
{
  guint64 group = ec_moqt_in_number (self);

  return (EcMoqtLocation){ group, ec_moqt_in_number (self) };
}

/* A size of at most `max`, and the bytes. */
static EcMoqtField
read_bytes (EcMoqtIn *self, gsize max, const char *too_long)
{
  guint64 size = ec_moqt_in_number (self);
  EcMoqtField field = { 0 };

  if (size > max) {
    ec_moqt_in_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, too_long);
    return field;
  }
  field.data = ec_reader_bytes (&self->reader, (gsize) size);
  field.size = self->reader.failed ? 0 : (gsize) size;
  return field;
}

/* §2.4.1 */
EcMoqtName *
ec_moqt_in_name (EcMoqtIn *self, guint min_fields, gboolean track)
{
  guint64 n = ec_moqt_in_number (self);
  EcMoqtField fields[EC_MOQT_MAX_NAME_FIELDS];
  EcMoqtField track_field = { 0 };
  gsize left = EC_MOQT_MAX_NAME_SIZE;
  EcMoqtName *name;

  if (!self->reader.failed && (n < min_fields || n > EC_MOQT_MAX_NAME_FIELDS))
    ec_moqt_in_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                     "a namespace with too many fields, or none");
  for (guint i = 0; !self->reader.failed && i < n; i++) {
    fields[i] = read_bytes (self, left, "a name longer than 4,096 bytes");
    if (!self->reader.failed && fields[i].size == 0)
      ec_moqt_in_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "an empty field in a namespace");
    left -= fields[i].size;
  }
  if (track)
    track_field = read_bytes (self, left, "a name longer than 4,096 bytes");
  if (self->reader.failed)
    return NULL;

  name = ec_moqt_name_new (fields, (guint) n, track ? &track_field : NULL);
  if (!name)
    ec_moqt_in_fail (self, EC_MOQT_CLOSE_INTERNAL_ERROR, "no memory for a name");
  return name;
}

char *
ec_moqt_in_text (EcMoqtIn *self, gsize max, const char *too_long)
{
  EcMoqtField field = read_bytes (self, max, too_long);

  return g_utf8_make_valid (field.size > 0 ? (const char *) field.data : "", (gssize) field.size);
}

/* §1.4.3 */
guint64
ec_moqt_in_type (EcMoqtIn *self, guint64 previous)
{
  guint64 delta = ec_moqt_in_number (self);

  if (delta > G_MAXUINT64 - previous) {
    ec_moqt_in_fail (self, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "a type beyond 2^64 - 1");
    return 0;
  }
  return previous + delta;
}

EcMoqtField
ec_moqt_in_value (EcMoqtIn *self)
{
  return read_bytes (self, EC_MOQT_MAX_KVP_SIZE, "a value longer than 65,535 bytes");
}

/* How many Key-Value-Pairs are left; their bounds and sizes are right if `self` has not failed. */
static guint
count_properties (EcMoqtIn *self)
{
  guint64 type = 0;
  guint n = 0;

  while (!self->reader.failed && ec_reader_left (&self->reader) > 0) {
    type = ec_moqt_in_type (self, type);
    if (type & 1)
      ec_moqt_in_value (self);
    else
      ec_moqt_in_number (self);
    if (++n > EC_MOQT_MAX_N_PROPERTIES)
      ec_moqt_in_fail (self, EC_MOQT_CLOSE_INTERNAL_ERROR, "more than 1,024 properties");
  }
  return n;
}

/* `n` of them, whose bytes are the reader's; NULL: no memory. */
static EcMoqtProperty *
read_items (EcMoqtIn *self, guint n)
{
  EcMoqtProperty *items = g_try_new0 (EcMoqtProperty, n);
  guint64 type = 0;

  for (guint i = 0; items && i < n; i++) {
    type = ec_moqt_in_type (self, type);
    items[i].type = type;
    if (type & 1) {
      EcMoqtField value = ec_moqt_in_value (self);

      items[i].data = value.data;
      items[i].size = value.size;
    } else {
      items[i].number = ec_moqt_in_number (self);
    }
  }
  return items;
}

/* §12.7: the Immutable Properties are Key-Value-Pairs again, once, and not within each other. What is wrong in there is wrong
 * with the track alone. */
static void
look_inside (EcMoqtIn *self, EcMoqtProperties *properties)
{
  gboolean any = FALSE;

  for (guint i = 0; i < ec_moqt_properties_get_n (properties); i++) {
    const EcMoqtProperty *item = ec_moqt_properties_get (properties, i);
    EcMoqtIn inside = { .wire = self->wire }, scout;
    EcMoqtProperty *items;
    guint n;

    if (item->type != EC_MOQT_PROPERTY_IMMUTABLE)
      continue;
    ec_reader_init (&inside.reader, item->data, item->size);
    scout = inside;
    n = count_properties (&scout);
    items = scout.reader.failed || any || n == 0 ? NULL : read_items (&inside, n);
    if (scout.reader.failed || any || (n > 0 && !items))
      ec_moqt_properties_set_malformed (properties);
    any = TRUE;
    for (guint k = 0; items && k < n; k++)
      if (items[k].type == EC_MOQT_PROPERTY_IMMUTABLE)
        ec_moqt_properties_set_malformed (properties);
    if (items)
      ec_moqt_properties_set_inner (properties, items, n);
  }
}

EcMoqtProperties *
ec_moqt_in_properties (EcMoqtIn *self)
{
  EcMoqtIn scout = *self;
  guint n = count_properties (&scout);
  g_autofree EcMoqtProperty *items = NULL;
  EcMoqtProperties *properties;

  if (scout.reader.failed) {
    if (scout.bad)
      ec_moqt_in_fail (self, scout.problem.code, scout.problem.text);
    self->reader.failed = TRUE;
  }
  if (self->reader.failed || n == 0)
    return NULL;

  items = read_items (self, n);
  properties = items ? ec_moqt_properties_new (items, n) : NULL;
  if (!properties)
    ec_moqt_in_fail (self, EC_MOQT_CLOSE_INTERNAL_ERROR, "no memory for properties");
  else
    look_inside (self, properties);
  return properties;
}

void
ec_moqt_out_number (const EcMoqtOut *self, guint64 number)
{
  self->wire->varint->write (self->out, number);
}

void
ec_moqt_out_byte (const EcMoqtOut *self, guint8 byte)
{
  g_byte_array_append (self->out, &byte, 1);
}

void
ec_moqt_out_location (const EcMoqtOut *self, EcMoqtLocation location)
{
  ec_moqt_out_number (self, location.group);
  ec_moqt_out_number (self, location.object);
}

void
ec_moqt_out_bytes (const EcMoqtOut *self, const guint8 *data, gsize size)
{
  ec_moqt_out_number (self, size);
  if (size > 0)
    g_byte_array_append (self->out, data, (guint) size);
}

void
ec_moqt_out_text (const EcMoqtOut *self, const char *text, gsize max)
{
  gsize size = text ? strlen (text) : 0;

  /* Not in the middle of a character. */
  if (size > max) {
    for (size = max; size > 0 && ((guint8) text[size] & 0xc0) == 0x80;)
      size--;
  }
  ec_moqt_out_bytes (self, (const guint8 *) text, size);
}

void
ec_moqt_out_name (const EcMoqtOut *self, const EcMoqtName *name, gboolean track)
{
  guint n = name ? ec_moqt_name_get_n_fields (name) : 0;

  ec_moqt_out_number (self, n);
  for (guint i = 0; i < n; i++) {
    EcMoqtField field = ec_moqt_name_get_field (name, i);

    ec_moqt_out_bytes (self, field.data, field.size);
  }
  if (track) {
    EcMoqtField field = name ? ec_moqt_name_get_track (name) : (EcMoqtField){ 0 };

    ec_moqt_out_bytes (self, field.data, field.size);
  }
}

void
ec_moqt_out_properties (const EcMoqtOut *self, const EcMoqtProperties *properties, gboolean track)
{
  gboolean no_zero = track && self->wire->zero_timeout_is_wrong;
  guint64 previous = 0;

  for (guint i = 0; i < ec_moqt_properties_get_n (properties); i++) {
    const EcMoqtProperty *item = ec_moqt_properties_get (properties, i);

    /* What another draft's numbers can say and this one's cannot is left out: it would be something else. */
    if (item->type - previous > self->wire->varint->max || item->number > self->wire->varint->max ||
        item->size > EC_MOQT_MAX_KVP_SIZE)
      continue;
    /* §8: 0 is none; said in this draft it ends the session. */
    if (no_zero && item->type == EC_MOQT_PROPERTY_OBJECT_DELIVERY_TIMEOUT && item->number == 0)
      continue;
    ec_moqt_out_number (self, item->type - previous);
    if (item->type & 1)
      ec_moqt_out_bytes (self, item->data, item->size);
    else
      ec_moqt_out_number (self, item->number);
    previous = item->type;
  }
}

int
ec_moqt_code_read (const EcMoqtCode *codes, guint64 wire)
{
  for (guint i = 0; codes[i].code >= 0; i++) {
    if (codes[i].wire == wire)
      return codes[i].code;
  }
  return 0; /* INTERNAL_ERROR in all of them: §14 */
}

guint64
ec_moqt_code_write (const EcMoqtCode *codes, int code)
{
  for (guint i = 0; codes[i].code >= 0; i++) {
    if (codes[i].code == code)
      return codes[i].wire;
  }
  return 0;
}
