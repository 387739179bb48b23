/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "moqt/ec-moqt-session-private.h"

/*
 * Where groups and a track end, whatever stream or datagram said so (§2.4.2, 4 and 5). Of the latest groups, as many as there is
 * room for: it is a check of the publisher, and costs a subscription the same whatever comes.
 */

#define N_GROUPS 16

typedef struct {
  gboolean used;
  guint64 group;
  gboolean any; /* objects that came; `largest` of them */
  guint64 largest;
  gboolean ended; /* there is none from `end` on */
  guint64 end;
} Group;

struct _EcMoqtEnds {
  gboolean any;
  EcMoqtLocation largest; /* of all that came */
  gboolean ended;
  EcMoqtLocation end;
  guint next; /* to be used again */
  Group groups[N_GROUPS];
};

static EcMoqtEnds *
ends_of (EcMoqtRequest *request)
{
  if (!request->ends)
    request->ends = ec_moqt_try_new0 (EcMoqtEnds);
  return request->ends;
}

static Group *
get_group (EcMoqtEnds *self, guint64 id)
{
  Group *group;

  /* The newest first: most objects are of it. */
  for (guint i = 1; i <= N_GROUPS; i++) {
    group = &self->groups[(self->next + N_GROUPS - i) % N_GROUPS];
    if (group->used && group->group == id)
      return group;
    if (!group->used)
      break;
  }
  group = &self->groups[self->next];
  self->next = (self->next + 1) % N_GROUPS;
  *group = (Group){ .used = TRUE, .group = id };
  return group;
}

const char *
ec_moqt_ends_group (EcMoqtRequest *request, guint64 id, guint64 end)
{
  EcMoqtEnds *self = ends_of (request);
  Group *group = self ? get_group (self, id) : NULL;

  if (!group)
    return NULL;
  if (group->any && group->largest >= end)
    return "A group that ends before its last object";
  group->end = group->ended ? MIN (group->end, end) : end;
  group->ended = TRUE;
  return NULL;
}

static const char *
track_ends (EcMoqtEnds *self, EcMoqtLocation end)
{
  if (self->any && ec_moqt_location_compare (self->largest, end) >= 0)
    return "A track that ends before its last object";
  if (!self->ended || ec_moqt_location_compare (end, self->end) < 0)
    self->end = end;
  self->ended = TRUE;
  return NULL;
}

const char *
ec_moqt_ends_object (EcMoqtRequest *request, EcMoqtLocation location, EcMoqtObjectStatus status)
{
  EcMoqtEnds *self = ends_of (request);
  Group *group;

  if (!self)
    return NULL;
  switch (status) {
  case EC_MOQT_OBJECT_END_OF_GROUP:
    return ec_moqt_ends_group (request, location.group, location.object);
  case EC_MOQT_OBJECT_END_OF_TRACK:
    return track_ends (self, location);
  default:
    break;
  }
  if (self->ended && ec_moqt_location_compare (location, self->end) >= 0)
    return "An object behind the last of its track";
  group = get_group (self, location.group);
  if (group->ended && location.object >= group->end)
    return "An object behind the last of its group";
  if (!group->any || location.object > group->largest)
    group->largest = location.object;
  group->any = TRUE;
  if (!self->any || ec_moqt_location_compare (location, self->largest) > 0)
    self->largest = location;
  self->any = TRUE;
  return NULL;
}
