/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Streams of objects, and datagrams (§11). */
#include "moqt/ec-moqt-wire.h"

#include <string.h>

#define FETCH_HEADER 0x05
#define PADDING_STREAM 0x132b3e28
#define PADDING_DATAGRAM 0x132b3e29

/* Types of subgroups (§11.4.2) … */
enum {
  SUBGROUP_PROPERTIES = 0x01,
  SUBGROUP_ID_MODE = 0x06,
  SUBGROUP_END_OF_GROUP = 0x08,
  SUBGROUP = 0x10,
  SUBGROUP_DEFAULT_PRIORITY = 0x20,
  SUBGROUP_FIRST_OBJECT = 0x40,
};

/* … of datagrams (§11.3.1) … */
enum {
  DATAGRAM_PROPERTIES = 0x01,
  DATAGRAM_END_OF_GROUP = 0x02,
  DATAGRAM_ZERO_OBJECT_ID = 0x04,
  DATAGRAM_DEFAULT_PRIORITY = 0x08,
  DATAGRAM_STATUS = 0x20,
};

/* … and of what is fetched (§11.4.4.1). */
enum {
  FETCH_SUBGROUP_MODE = 0x03,
  FETCH_SUBGROUP_ZERO = 0x00,
  FETCH_SUBGROUP_PRIOR = 0x01,
  FETCH_SUBGROUP_PRIOR_PLUS_1 = 0x02,
  FETCH_SUBGROUP_GIVEN = 0x03,
  FETCH_OBJECT_ID = 0x04,
  FETCH_GROUP_ID = 0x08,
  FETCH_PRIORITY = 0x10,
  FETCH_PROPERTIES = 0x20,
  FETCH_DATAGRAM = 0x40,
  FETCH_FLAGS_END = 0x80,
  FETCH_END_OF_NON_EXISTENT_RANGE = 0x8c,
  FETCH_END_OF_UNKNOWN_RANGE = 0x10c,
};

#define DEFAULT_PRIORITY 128 /* §12.4 */

void
ec_moqt_item_clear (EcMoqtItem *self)
{
  g_clear_pointer (&self->properties, ec_moqt_properties_unref);
  memset (self, 0, sizeof *self);
}

static void
violate (EcMoqtIn *in, const char *text)
{
  ec_moqt_in_fail (in, EC_MOQT_CLOSE_PROTOCOL_VIOLATION, text);
}

/* What a reader ends with; takes what was read. */
static EcMoqtRead
finish (EcMoqtIn *in, EcReader *reader, EcMoqtProblem *problem)
{
  if (in->bad) {
    *problem = in->problem;
    return EC_MOQT_READ_BAD;
  }
  if (in->reader.failed)
    return EC_MOQT_READ_MORE;
  *reader = in->reader;
  return EC_MOQT_READ_DONE;
}

static void
read_subgroup_head (EcMoqtIn *in, guint64 type, EcMoqtStreamHead *head)
{
  guint mode = (guint) (type & SUBGROUP_ID_MODE) >> 1;

  if (mode > EC_MOQT_SUBGROUP_ID_GIVEN) {
    violate (in, "a subgroup's header of a reserved kind");
    return;
  }
  head->kind = EC_MOQT_STREAM_SUBGROUP;
  head->id_mode = (EcMoqtSubgroupIdMode) mode;
  head->has_properties = (type & SUBGROUP_PROPERTIES) != 0;
  head->end_of_group = (type & SUBGROUP_END_OF_GROUP) != 0;
  head->has_priority = !(type & SUBGROUP_DEFAULT_PRIORITY);
  head->first_object = (type & SUBGROUP_FIRST_OBJECT) != 0;
  head->track_alias = ec_moqt_in_number (in);
  head->group = ec_moqt_in_number (in);
  if (head->id_mode == EC_MOQT_SUBGROUP_ID_GIVEN)
    head->subgroup = ec_moqt_in_number (in);
  if (head->has_priority)
    head->priority = ec_reader_u8 (&in->reader);
}

/* §3.4 */
EcMoqtRead
ec_moqt_wire_read_stream_head (const EcMoqtWire *wire,
                               EcReader *reader,
                               EcMoqtStreamHead *head,
                               EcMoqtProblem *problem)
{
  EcMoqtIn in = { .reader = *reader, .wire = wire };
  guint64 type = ec_moqt_in_number (&in);
  guint64 bits = SUBGROUP | SUBGROUP_PROPERTIES | SUBGROUP_ID_MODE | SUBGROUP_END_OF_GROUP |
                 SUBGROUP_DEFAULT_PRIORITY | (wire->has_first_object ? SUBGROUP_FIRST_OBJECT : 0);

  memset (head, 0, sizeof *head);
  if (in.reader.failed)
    return EC_MOQT_READ_MORE;
  if (wire->control_stream != 0 && type == wire->control_stream) {
    head->kind = EC_MOQT_STREAM_CONTROL;
    return EC_MOQT_READ_DONE;
  }
  if (type == FETCH_HEADER) {
    head->kind = EC_MOQT_STREAM_FETCH;
    head->request_id = ec_moqt_in_number (&in);
  } else if (type & SUBGROUP && (type & ~bits) == 0) {
    read_subgroup_head (&in, type, head);
  } else if (wire->has_padding && type == PADDING_STREAM) {
    head->kind = EC_MOQT_STREAM_PADDING;
  } else {
    violate (&in, "a stream of an unknown kind");
  }
  return finish (&in, reader, problem);
}

void
ec_moqt_wire_write_stream_head (const EcMoqtWire *wire,
                                GByteArray *bytes,
                                const EcMoqtStreamHead *head)
{
  EcMoqtOut out = { .out = bytes, .wire = wire };
  guint type = SUBGROUP | (guint) head->id_mode << 1;

  switch (head->kind) {
  case EC_MOQT_STREAM_CONTROL: /* SETUP's own type is the stream's */
    return;
  case EC_MOQT_STREAM_FETCH:
    ec_moqt_out_number (&out, FETCH_HEADER);
    ec_moqt_out_number (&out, head->request_id);
    return;
  case EC_MOQT_STREAM_PADDING:
    if (wire->has_padding)
      ec_moqt_out_number (&out, PADDING_STREAM);
    return;
  case EC_MOQT_STREAM_SUBGROUP:
    break;
  }

  type |= head->has_properties ? SUBGROUP_PROPERTIES : 0;
  type |= head->end_of_group ? SUBGROUP_END_OF_GROUP : 0;
  type |= head->has_priority ? 0 : SUBGROUP_DEFAULT_PRIORITY;
  type |= head->first_object && wire->has_first_object ? SUBGROUP_FIRST_OBJECT : 0;
  ec_moqt_out_number (&out, type);
  ec_moqt_out_number (&out, head->track_alias);
  ec_moqt_out_number (&out, head->group);
  if (head->id_mode == EC_MOQT_SUBGROUP_ID_GIVEN)
    ec_moqt_out_number (&out, head->subgroup);
  if (head->has_priority)
    ec_moqt_out_byte (&out, head->priority);
}

/* §11.2.1.2; returns their size. */
static guint64
read_object_properties (EcMoqtIn *in, EcMoqtItem *item)
{
  guint64 size = ec_moqt_in_number (in);
  EcMoqtIn field;

  if (size > EC_MOQT_MAX_OBJECT_PROPERTIES) {
    ec_moqt_in_fail (in, EC_MOQT_CLOSE_INTERNAL_ERROR, "an object with too many properties");
    return 0;
  }
  ec_moqt_in_sub (in, size, &field);
  item->properties = ec_moqt_in_properties (&field);
  ec_moqt_in_sub_done (in, &field, EC_MOQT_CLOSE_PROTOCOL_VIOLATION,
                       "properties that cannot be understood");
  return size;
}

/* In place: their size, which is known when they are written, is moved in front of them. Returns it. */
static guint
write_object_properties (const EcMoqtOut *out, const EcMoqtProperties *properties)
{
  GByteArray *bytes = out->out;
  guint start = bytes->len, size, n;
  guint8 length[9];

  ec_moqt_out_properties (out, properties, FALSE);
  size = bytes->len - start;
  /* What one draft says in few bytes another may not: an object without is better than none. */
  if (size > EC_MOQT_MAX_OBJECT_PROPERTIES) {
    size = 0;
    g_byte_array_set_size (bytes, start);
  }
  ec_moqt_out_number (out, size);
  n = bytes->len - start - size;
  memcpy (length, bytes->data + start + size, n);
  memmove (bytes->data + start + n, bytes->data + start, size);
  memcpy (bytes->data + start, length, n);
  return size;
}

/* §11.2.1.1 */
static void
read_status (EcMoqtIn *in, EcMoqtItem *item)
{
  guint64 status = ec_moqt_in_number (in);

  switch (status) {
  case EC_MOQT_OBJECT_NORMAL:
  case EC_MOQT_OBJECT_END_OF_GROUP:
  case EC_MOQT_OBJECT_END_OF_TRACK:
    item->status = (EcMoqtObjectStatus) status;
    break;
  default:
    violate (in, "an unknown status of an object");
    break;
  }
  if (item->status != EC_MOQT_OBJECT_NORMAL && item->properties)
    violate (in, "properties of an object that is none");
}

/* §11.4.2 */
static void
read_subgroup_item (EcMoqtIn *in, EcMoqtStreamContext *context, EcMoqtItem *item)
{
  const EcMoqtStreamHead *head = &context->head;
  guint64 delta = ec_moqt_in_number (in);

  if (context->any && delta > G_MAXUINT64 - 1 - context->last.object)
    violate (in, "an object beyond 2^64 - 1");
  if (context->any && context->last.object == G_MAXUINT64)
    violate (in, "an object beyond 2^64 - 1");
  item->location.group = head->group;
  item->location.object = context->any ? context->last.object + 1 + delta : delta;
  item->has_priority = head->has_priority;
  item->priority = head->priority;
  if (head->id_mode == EC_MOQT_SUBGROUP_ID_GIVEN)
    item->subgroup = head->subgroup;
  else if (head->id_mode == EC_MOQT_SUBGROUP_ID_FIRST_OBJECT)
    item->subgroup = context->any ? context->subgroup : item->location.object;
  if (head->has_properties)
    read_object_properties (in, item);
  item->size = ec_moqt_in_number (in);
  if (!in->reader.failed && item->size == 0)
    read_status (in, item);
}

/* §11.4.4.1; the first item's are absolute in all drafts. */
static void
read_fetch_location (EcMoqtIn *in, guint64 flags, EcMoqtStreamContext *context, EcMoqtItem *item)
{
  gboolean deltas = in->wire->fetch_has_deltas && context->any;
  guint64 number;

  item->location = context->last;
  if (flags & FETCH_GROUP_ID) {
    number = ec_moqt_in_number (in);
    if (deltas) {
      guint64 room = context->descending ? context->last.group : G_MAXUINT64 - context->last.group;

      if (number >= room)
        violate (in, "a group below 0 or beyond 2^64 - 1");
      item->location.group =
          context->descending ? context->last.group - number - 1 : context->last.group + number + 1;
    } else {
      item->location.group = number;
    }
  }

  /* The subgroup's id lies between the two. */
  if ((flags & FETCH_SUBGROUP_MODE) == FETCH_SUBGROUP_GIVEN && !(flags & FETCH_DATAGRAM))
    item->subgroup = ec_moqt_in_number (in);

  if (flags & FETCH_OBJECT_ID) {
    number = ec_moqt_in_number (in);
    if (deltas && !(flags & FETCH_GROUP_ID)) {
      if (number > G_MAXUINT64 - context->last.object)
        violate (in, "an object beyond 2^64 - 1");
      number += context->last.object;
    }
    item->location.object = number;
  } else {
    if (context->last.object == G_MAXUINT64)
      violate (in, "an object beyond 2^64 - 1");
    item->location.object = context->last.object + 1;
  }
}

static void
read_fetch_object (EcMoqtIn *in, guint64 flags, EcMoqtStreamContext *context, EcMoqtItem *item)
{
  guint64 mode = flags & FETCH_SUBGROUP_MODE;

  item->datagram = (flags & FETCH_DATAGRAM) != 0;
  if (item->datagram) /* … then the two bits are ignored */
    mode = FETCH_SUBGROUP_ZERO;
  /* Up to 16 a range is no object that one may refer to (its §10.4.4). */
  if (!(in->wire->fetch_has_deltas ? context->any : context->any_object) &&
      (flags & (FETCH_GROUP_ID | FETCH_OBJECT_ID)) != (FETCH_GROUP_ID | FETCH_OBJECT_ID))
    violate (in, "a first object by reference to one before");
  if (!context->any_object && (!(flags & FETCH_PRIORITY) || mode == FETCH_SUBGROUP_PRIOR ||
                               mode == FETCH_SUBGROUP_PRIOR_PLUS_1))
    violate (in, "a first object by reference to one before");

  read_fetch_location (in, flags, context, item);
  if (mode == FETCH_SUBGROUP_PRIOR)
    item->subgroup = context->subgroup;
  if (mode == FETCH_SUBGROUP_PRIOR_PLUS_1) {
    if (context->subgroup == G_MAXUINT64)
      violate (in, "a subgroup beyond 2^64 - 1");
    item->subgroup = context->subgroup + 1;
  }
  item->has_priority = TRUE;
  item->priority = flags & FETCH_PRIORITY ? ec_reader_u8 (&in->reader) : context->priority;
  if (flags & FETCH_PROPERTIES)
    read_object_properties (in, item);
  item->size = ec_moqt_in_number (in);
}

/* §11.4.4 */
static void
read_fetch_item (EcMoqtIn *in, EcMoqtStreamContext *context, EcMoqtItem *item)
{
  guint64 flags = ec_moqt_in_number (in);

  if (flags < FETCH_FLAGS_END) {
    read_fetch_object (in, flags, context, item);
    return;
  }
  /* §11.4.4.2 does not say it in so many words: both numbers are absolute, and no length of a payload follows
   * (moq-wg/moq-transport #1861; so do those who implement it). */
  if (flags == FETCH_END_OF_NON_EXISTENT_RANGE)
    item->kind = EC_MOQT_ITEM_END_OF_NON_EXISTENT_RANGE;
  else if (flags == FETCH_END_OF_UNKNOWN_RANGE)
    item->kind = EC_MOQT_ITEM_END_OF_UNKNOWN_RANGE;
  else
    violate (in, "unknown flags of a fetched object");
  item->location = ec_moqt_in_location (in);
}

/* What the next item may refer to. */
static void
remember (EcMoqtStreamContext *context, const EcMoqtItem *item)
{
  context->any = TRUE;
  context->last = item->location;
  context->behind_range = item->kind != EC_MOQT_ITEM_OBJECT;
  if (item->kind != EC_MOQT_ITEM_OBJECT)
    return;
  context->any_object = TRUE;
  context->subgroup = item->subgroup;
  context->priority = item->priority;
}

EcMoqtRead
ec_moqt_wire_read_item (const EcMoqtWire *wire,
                        EcReader *reader,
                        EcMoqtStreamContext *context,
                        EcMoqtItem *item,
                        EcMoqtProblem *problem)
{
  EcMoqtIn in = { .reader = *reader, .wire = wire };
  EcMoqtRead read;

  memset (item, 0, sizeof *item);
  if (context->head.kind == EC_MOQT_STREAM_FETCH)
    read_fetch_item (&in, context, item);
  else
    read_subgroup_item (&in, context, item);
  /* Steps may lead beyond what the draft's numbers can say. */
  if (item->location.object > wire->varint->max || item->subgroup > wire->varint->max)
    violate (&in, "an id beyond the draft's numbers");
  read = finish (&in, reader, problem);
  if (read == EC_MOQT_READ_DONE)
    remember (context, item);
  else
    ec_moqt_item_clear (item);
  return read;
}

static void
write_subgroup_item (const EcMoqtOut *out,
                     const EcMoqtStreamContext *context,
                     const EcMoqtItem *item)
{
  ec_moqt_out_number (out, context->any ? item->location.object - context->last.object - 1
                                        : item->location.object);
  if (context->head.has_properties)
    write_object_properties (out, item->status == EC_MOQT_OBJECT_NORMAL ? item->properties : NULL);
  ec_moqt_out_number (out, item->size);
  if (item->size == 0)
    ec_moqt_out_number (out, item->status);
}

/* Says in full what a reader could take for something else: subgroups, and an object id in another group or behind a
 * range. */
static void
write_fetch_object (const EcMoqtOut *out,
                    const EcMoqtStreamContext *context,
                    const EcMoqtItem *item)
{
  gboolean deltas = out->wire->fetch_has_deltas && context->any;
  /* Only since 17 it is said what is prior to an object behind a range. */
  gboolean refers = context->any && (deltas || !context->behind_range);
  gboolean same_group = refers && item->location.group == context->last.group;
  gboolean next = same_group && context->last.object != G_MAXUINT64 &&
                  item->location.object == context->last.object + 1;
  guint8 priority = item->has_priority ? item->priority : DEFAULT_PRIORITY;
  guint64 flags = 0;

  if (item->datagram)
    flags |= FETCH_DATAGRAM;
  else if (item->subgroup != 0)
    flags |= FETCH_SUBGROUP_GIVEN;
  flags |= same_group ? 0 : FETCH_GROUP_ID;
  flags |= next ? 0 : FETCH_OBJECT_ID;
  flags |= context->any_object && priority == context->priority ? 0 : FETCH_PRIORITY;
  flags |= item->properties ? FETCH_PROPERTIES : 0;

  ec_moqt_out_number (out, flags);
  if (!same_group) {
    guint64 delta = context->descending ? context->last.group - item->location.group
                                        : item->location.group - context->last.group;

    ec_moqt_out_number (out, deltas ? delta - 1 : item->location.group);
  }
  if ((flags & FETCH_SUBGROUP_MODE) == FETCH_SUBGROUP_GIVEN)
    ec_moqt_out_number (out, item->subgroup);
  if (!next)
    ec_moqt_out_number (out, deltas && same_group ? item->location.object - context->last.object
                                                  : item->location.object);
  if (flags & FETCH_PRIORITY)
    ec_moqt_out_byte (out, priority);
  if (flags & FETCH_PROPERTIES)
    write_object_properties (out, item->properties);
  ec_moqt_out_number (out, item->size);
}

void
ec_moqt_wire_write_item (const EcMoqtWire *wire,
                         GByteArray *bytes,
                         EcMoqtStreamContext *context,
                         const EcMoqtItem *item)
{
  EcMoqtOut out = { .out = bytes, .wire = wire };

  if (context->head.kind != EC_MOQT_STREAM_FETCH) {
    write_subgroup_item (&out, context, item);
  } else if (item->kind == EC_MOQT_ITEM_OBJECT) {
    write_fetch_object (&out, context, item);
  } else {
    ec_moqt_out_number (&out, item->kind == EC_MOQT_ITEM_END_OF_UNKNOWN_RANGE
                                  ? FETCH_END_OF_UNKNOWN_RANGE
                                  : FETCH_END_OF_NON_EXISTENT_RANGE);
    ec_moqt_out_location (&out, item->location);
  }
  remember (context, item);
  if (item->kind == EC_MOQT_ITEM_OBJECT && !item->has_priority)
    context->priority = DEFAULT_PRIORITY;
}

static void
read_object_datagram (EcMoqtIn *in, guint64 type, guint64 *track_alias, EcMoqtItem *item)
{
  item->datagram = TRUE;
  item->end_of_group = (type & DATAGRAM_END_OF_GROUP) != 0;
  *track_alias = ec_moqt_in_number (in);
  item->location.group = ec_moqt_in_number (in);
  if (!(type & DATAGRAM_ZERO_OBJECT_ID))
    item->location.object = ec_moqt_in_number (in);
  item->has_priority = !(type & DATAGRAM_DEFAULT_PRIORITY);
  if (item->has_priority)
    item->priority = ec_reader_u8 (&in->reader);
  if (type & DATAGRAM_PROPERTIES && read_object_properties (in, item) == 0)
    violate (in, "a datagram with properties that has none");
  if (type & DATAGRAM_STATUS)
    read_status (in, item);
  item->size = in->reader.failed ? 0 : ec_reader_left (&in->reader);
  if (type & DATAGRAM_STATUS && item->size > 0)
    violate (in, "a status and a payload");
}

/* §11.3.1, §11.5.2 */
EcMoqtRead
ec_moqt_wire_read_datagram (const EcMoqtWire *wire,
                            EcReader *reader,
                            guint64 *track_alias,
                            EcMoqtItem *item,
                            gboolean *padding,
                            EcMoqtProblem *problem)
{
  EcMoqtIn in = { .reader = *reader, .wire = wire };
  guint64 type = ec_moqt_in_number (&in);
  EcMoqtRead read;

  memset (item, 0, sizeof *item);
  *track_alias = 0;
  *padding = FALSE;
  if (wire->has_padding && type == PADDING_DATAGRAM) {
    *padding = TRUE;
    ec_reader_skip (&in.reader, ec_reader_left (&in.reader));
  } else if (type & ~(guint64) 0x2f || (type & DATAGRAM_STATUS && type & DATAGRAM_END_OF_GROUP)) {
    violate (&in, "a datagram of an unknown kind");
  } else {
    read_object_datagram (&in, type, track_alias, item);
  }

  /* There is no more of it to come. */
  if (in.reader.failed && !in.bad) {
    in.bad = TRUE;
    in.problem =
        (EcMoqtProblem){ EC_MOQT_CLOSE_PROTOCOL_VIOLATION, "a datagram that is too short" };
  }
  read = finish (&in, reader, problem);
  if (read != EC_MOQT_READ_DONE)
    ec_moqt_item_clear (item);
  return read;
}

void
ec_moqt_wire_write_datagram_head (const EcMoqtWire *wire,
                                  GByteArray *bytes,
                                  guint64 track_alias,
                                  const EcMoqtItem *item)
{
  EcMoqtOut out = { .out = bytes, .wire = wire };
  gboolean normal = item->status == EC_MOQT_OBJECT_NORMAL;
  guint8 type = 0;
  guint start = bytes->len, at;

  type |= item->end_of_group && normal ? DATAGRAM_END_OF_GROUP : 0;
  type |= item->location.object == 0 ? DATAGRAM_ZERO_OBJECT_ID : 0;
  type |= item->has_priority ? 0 : DATAGRAM_DEFAULT_PRIORITY;
  type |= normal ? 0 : DATAGRAM_STATUS;

  ec_moqt_out_byte (&out, 0); /* one byte in all drafts, known in the end */
  ec_moqt_out_number (&out, track_alias);
  ec_moqt_out_number (&out, item->location.group);
  if (item->location.object != 0)
    ec_moqt_out_number (&out, item->location.object);
  if (item->has_priority)
    ec_moqt_out_byte (&out, item->priority);
  at = bytes->len;
  /* Some may have no form in this draft; a field without any is a mistake. */
  if (normal && item->properties && write_object_properties (&out, item->properties) > 0)
    type |= DATAGRAM_PROPERTIES;
  else
    g_byte_array_set_size (bytes, at);
  if (!normal)
    ec_moqt_out_number (&out, item->status);
  bytes->data[start] = type;
}
