/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "moqt/ec-moqt-properties.h"

/* Properties of tracks and objects as the API has them: `a(tv)`, a type, and a number (`t`) where it is even, bytes (`ay`) where it is
 * odd (draft-ietf-moq-transport-18 §2.5). */

/* `properties` nullable: an empty array. */
GVariant *
ec_moq_variant_from_properties (const EcMoqtProperties *properties) G_GNUC_WARN_UNUSED_RESULT;
/* `variant` nullable, of that type; a floating reference is taken. `*properties` NULL: none. Fails with EC_MOQ_ERROR_MALFORMED_TRACK if no peer
 * could take them, and EC_MOQ_ERROR_LIMIT if they are too many. */
gboolean
ec_moq_variant_to_properties (GVariant *variant, EcMoqtProperties **properties, GError **error);
