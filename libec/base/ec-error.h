/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib-object.h>

#include "base/ec-macros.h"

G_BEGIN_DECLS

/**
 * EcSourceError:
 * @EC_SOURCE_ERROR_FAILED: something else went wrong; the message says what
 * @EC_SOURCE_ERROR_BAD_URI: the URI cannot be understood, or nobody handles its scheme
 * @EC_SOURCE_ERROR_NOT_FOUND: there is no such device, host, file or page
 * @EC_SOURCE_ERROR_UNKNOWN_CHANNEL: the device does not know the channel
 * @EC_SOURCE_ERROR_BUSY: every tuner is in use, or the device is scanning; try again later
 * @EC_SOURCE_ERROR_NO_SIGNAL: the tuner found no signal on the channel
 * @EC_SOURCE_ERROR_PROTECTED: the content is protected (DRM) and is never read
 * @EC_SOURCE_ERROR_STALLED: the stream stopped and did not come back in time
 * @EC_SOURCE_ERROR_GONE: the device or peer vanished or refused the connection
 * @EC_SOURCE_ERROR_CLOSED: the source was closed
 * @EC_SOURCE_ERROR_NOT_TS: what came is not an MPEG transport stream
 * @EC_SOURCE_ERROR_BAD_REPLY: the device answered something that cannot be understood
 *
 * What can go wrong with an [class@Source] or a [class@Device].
 */
typedef enum {
  EC_SOURCE_ERROR_FAILED,
  EC_SOURCE_ERROR_BAD_URI,
  EC_SOURCE_ERROR_NOT_FOUND,
  EC_SOURCE_ERROR_UNKNOWN_CHANNEL,
  EC_SOURCE_ERROR_BUSY,
  EC_SOURCE_ERROR_NO_SIGNAL,
  EC_SOURCE_ERROR_PROTECTED,
  EC_SOURCE_ERROR_STALLED,
  EC_SOURCE_ERROR_GONE,
  EC_SOURCE_ERROR_CLOSED,
  EC_SOURCE_ERROR_NOT_TS,
  EC_SOURCE_ERROR_BAD_REPLY,
} EcSourceError;

#define EC_SOURCE_ERROR (ec_source_error_quark ())
#define EC_TYPE_SOURCE_ERROR (ec_source_error_get_type ())

EC_AVAILABLE_IN_1_0
GQuark ec_source_error_quark (void);
EC_AVAILABLE_IN_1_0
GType ec_source_error_get_type (void) G_GNUC_CONST;

/**
 * EcChunkError:
 * @EC_CHUNK_ERROR_FAILED: something else went wrong; the message says what
 * @EC_CHUNK_ERROR_NO_PROGRAM: the stream has no such program, or none at all
 * @EC_CHUNK_ERROR_NO_LEAD: the program has no video or audio that can be chunked
 * @EC_CHUNK_ERROR_SCRAMBLED: the program is scrambled
 * @EC_CHUNK_ERROR_NOT_TS: the input is not an MPEG transport stream
 * @EC_CHUNK_ERROR_BAD_MANIFEST: a manifest is malformed or its signature is wrong
 * @EC_CHUNK_ERROR_NO_MEMORY: a buffer could not be allocated
 *
 * What can go wrong with an [class@Chunker], an [class@Inspector] or an [class@Manifest].
 */
typedef enum {
  EC_CHUNK_ERROR_FAILED,
  EC_CHUNK_ERROR_NO_PROGRAM,
  EC_CHUNK_ERROR_NO_LEAD,
  EC_CHUNK_ERROR_SCRAMBLED,
  EC_CHUNK_ERROR_NOT_TS,
  EC_CHUNK_ERROR_BAD_MANIFEST,
  EC_CHUNK_ERROR_NO_MEMORY,
} EcChunkError;

#define EC_CHUNK_ERROR (ec_chunk_error_quark ())
#define EC_TYPE_CHUNK_ERROR (ec_chunk_error_get_type ())

EC_AVAILABLE_IN_1_0
GQuark ec_chunk_error_quark (void);
EC_AVAILABLE_IN_1_0
GType ec_chunk_error_get_type (void) G_GNUC_CONST;

/**
 * EcIdentityError:
 * @EC_IDENTITY_ERROR_FAILED: something else went wrong; the message says what
 * @EC_IDENTITY_ERROR_BAD_KEY: the key file or text does not hold an Ed25519 key
 * @EC_IDENTITY_ERROR_BAD_SIGNATURE: a signature does not belong to the key and the message
 * @EC_IDENTITY_ERROR_EXPOSED: the key file can be read by others than its owner
 *
 * What can go wrong with an [class@Identity].
 */
typedef enum {
  EC_IDENTITY_ERROR_FAILED,
  EC_IDENTITY_ERROR_BAD_KEY,
  EC_IDENTITY_ERROR_BAD_SIGNATURE,
  EC_IDENTITY_ERROR_EXPOSED,
} EcIdentityError;

#define EC_IDENTITY_ERROR (ec_identity_error_quark ())
#define EC_TYPE_IDENTITY_ERROR (ec_identity_error_get_type ())

EC_AVAILABLE_IN_1_0
GQuark ec_identity_error_quark (void);
EC_AVAILABLE_IN_1_0
GType ec_identity_error_get_type (void) G_GNUC_CONST;

/**
 * EcMoqError:
 * @EC_MOQ_ERROR_FAILED: something else went wrong; the message says what
 * @EC_MOQ_ERROR_BAD_URI: the address, or another option, name or rule that was given, cannot be understood
 * @EC_MOQ_ERROR_UNREACHABLE: nobody answered at the address
 * @EC_MOQ_ERROR_CERTIFICATE: the peer's certificate or key is not the one it must be, or ours cannot be used
 * @EC_MOQ_ERROR_VERSION: the peer speaks none of our drafts of MOQT
 * @EC_MOQ_ERROR_UNAUTHORIZED: the peer does not allow it, or a token is wrong or has expired
 * @EC_MOQ_ERROR_NOT_FOUND: the peer has no such track, namespace or path
 * @EC_MOQ_ERROR_INVALID_RANGE: there are no such groups or objects
 * @EC_MOQ_ERROR_NOT_SUPPORTED: the peer does not do this kind of request
 * @EC_MOQ_ERROR_TIMEOUT: the peer did not answer in time
 * @EC_MOQ_ERROR_BUSY: the peer has too much to do; try again later
 * @EC_MOQ_ERROR_GOING_AWAY: the peer is shutting down; connect again, perhaps elsewhere
 * @EC_MOQ_ERROR_TOO_FAR_BEHIND: we read too slowly, and the peer gave up on us
 * @EC_MOQ_ERROR_MALFORMED_TRACK: the track contradicts itself
 * @EC_MOQ_ERROR_DUPLICATE: there is one already
 * @EC_MOQ_ERROR_REJECTED: the peer does not want it
 * @EC_MOQ_ERROR_PROTOCOL: one side broke a rule of the protocol
 * @EC_MOQ_ERROR_LIMIT: a limit of ours was reached
 * @EC_MOQ_ERROR_CLOSED: the session, or the track, was closed
 *
 * What can go wrong with Media over QUIC: sessions, tracks, publishers, relays.
 */
typedef enum {
  EC_MOQ_ERROR_FAILED,
  EC_MOQ_ERROR_BAD_URI,
  EC_MOQ_ERROR_UNREACHABLE,
  EC_MOQ_ERROR_CERTIFICATE,
  EC_MOQ_ERROR_VERSION,
  EC_MOQ_ERROR_UNAUTHORIZED,
  EC_MOQ_ERROR_NOT_FOUND,
  EC_MOQ_ERROR_INVALID_RANGE,
  EC_MOQ_ERROR_NOT_SUPPORTED,
  EC_MOQ_ERROR_TIMEOUT,
  EC_MOQ_ERROR_BUSY,
  EC_MOQ_ERROR_GOING_AWAY,
  EC_MOQ_ERROR_TOO_FAR_BEHIND,
  EC_MOQ_ERROR_MALFORMED_TRACK,
  EC_MOQ_ERROR_DUPLICATE,
  EC_MOQ_ERROR_REJECTED,
  EC_MOQ_ERROR_PROTOCOL,
  EC_MOQ_ERROR_LIMIT,
  EC_MOQ_ERROR_CLOSED,
} EcMoqError;

#define EC_MOQ_ERROR (ec_moq_error_quark ())
#define EC_TYPE_MOQ_ERROR (ec_moq_error_get_type ())

EC_AVAILABLE_IN_1_0
GQuark ec_moq_error_quark (void);
EC_AVAILABLE_IN_1_0
GType ec_moq_error_get_type (void) G_GNUC_CONST;

G_END_DECLS
