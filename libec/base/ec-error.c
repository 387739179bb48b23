/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/ec-error.h"

/* The formatter takes the names for subtractions. */
/* clang-format off */
G_DEFINE_QUARK (ec-source-error-quark, ec_source_error)
G_DEFINE_QUARK (ec-chunk-error-quark, ec_chunk_error)
G_DEFINE_QUARK (ec-identity-error-quark, ec_identity_error)
G_DEFINE_QUARK (ec-moq-error-quark, ec_moq_error)
/* clang-format on */

/*
 * The enumerations are types of their own so that bindings find the codes of each domain: the
 * scanner pairs a quark with a registered enumeration, and takes it for a method otherwise.
 */

G_DEFINE_ENUM_TYPE (EcSourceError,
                    ec_source_error,
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_BAD_URI, "bad-uri"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_NOT_FOUND, "not-found"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_UNKNOWN_CHANNEL, "unknown-channel"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_BUSY, "busy"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_NO_SIGNAL, "no-signal"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_PROTECTED, "protected"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_STALLED, "stalled"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_GONE, "gone"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_CLOSED, "closed"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_NOT_TS, "not-ts"),
                    G_DEFINE_ENUM_VALUE (EC_SOURCE_ERROR_BAD_REPLY, "bad-reply"))

G_DEFINE_ENUM_TYPE (EcChunkError,
                    ec_chunk_error,
                    G_DEFINE_ENUM_VALUE (EC_CHUNK_ERROR_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (EC_CHUNK_ERROR_NO_PROGRAM, "no-program"),
                    G_DEFINE_ENUM_VALUE (EC_CHUNK_ERROR_NO_LEAD, "no-lead"),
                    G_DEFINE_ENUM_VALUE (EC_CHUNK_ERROR_SCRAMBLED, "scrambled"),
                    G_DEFINE_ENUM_VALUE (EC_CHUNK_ERROR_NOT_TS, "not-ts"),
                    G_DEFINE_ENUM_VALUE (EC_CHUNK_ERROR_BAD_MANIFEST, "bad-manifest"),
                    G_DEFINE_ENUM_VALUE (EC_CHUNK_ERROR_NO_MEMORY, "no-memory"))

G_DEFINE_ENUM_TYPE (EcIdentityError,
                    ec_identity_error,
                    G_DEFINE_ENUM_VALUE (EC_IDENTITY_ERROR_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (EC_IDENTITY_ERROR_BAD_KEY, "bad-key"),
                    G_DEFINE_ENUM_VALUE (EC_IDENTITY_ERROR_BAD_SIGNATURE, "bad-signature"),
                    G_DEFINE_ENUM_VALUE (EC_IDENTITY_ERROR_EXPOSED, "exposed"))

G_DEFINE_ENUM_TYPE (EcMoqError,
                    ec_moq_error,
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_BAD_URI, "bad-uri"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_UNREACHABLE, "unreachable"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_CERTIFICATE, "certificate"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_VERSION, "version"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_UNAUTHORIZED, "unauthorized"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_NOT_FOUND, "not-found"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_INVALID_RANGE, "invalid-range"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_NOT_SUPPORTED, "not-supported"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_TIMEOUT, "timeout"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_BUSY, "busy"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_GOING_AWAY, "going-away"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_TOO_FAR_BEHIND, "too-far-behind"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_MALFORMED_TRACK, "malformed-track"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_DUPLICATE, "duplicate"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_REJECTED, "rejected"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_PROTOCOL, "protocol"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_LIMIT, "limit"),
                    G_DEFINE_ENUM_VALUE (EC_MOQ_ERROR_CLOSED, "closed"))
