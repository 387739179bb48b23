/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>

/*
 * All that differs between ngtcp2 0.12.1 (Debian 12) and 1.x (Debian 13). Nothing else asks which it is.
 */
#if NGTCP2_VERSION_NUM >= 0x010000
#define EC_NGTCP2_1 1
#else
#define EC_NGTCP2_1 0
#endif

#if EC_NGTCP2_1

typedef ngtcp2_ccerr EcNgtcp2Error;
typedef ngtcp2_connection_id_status_type EcNgtcp2CidStatus;
#define EC_NGTCP2_ERROR_IS_APPLICATION(error) ((error)->type == NGTCP2_CCERR_TYPE_APPLICATION)
#define EC_NGTCP2_CC_BBR NGTCP2_CC_ALGO_BBR
/* What path_validation() has between `path` and the result. */
#define EC_NGTCP2_OLD_PATH_ARG const ngtcp2_path *old_path,
/* stream_close() comes for unidirectional streams of the peer, too. 0.12.1 keeps these, about 260 bytes each, until
 * the connection is gone: it waits for an acknowledgement of what we never send there. */
#define EC_NGTCP2_CLOSES_PEERS_UNI 1

#else

typedef ngtcp2_connection_close_error EcNgtcp2Error;
typedef int EcNgtcp2CidStatus;
#define EC_NGTCP2_ERROR_IS_APPLICATION(error)                                                      \
  ((error)->type == NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION)
#define EC_NGTCP2_CC_BBR NGTCP2_CC_ALGO_BBR2 /* what 1.x calls BBR */
#define EC_NGTCP2_OLD_PATH_ARG
#define EC_NGTCP2_CLOSES_PEERS_UNI 0

#endif

static inline void
ec_ngtcp2_error_set_application (EcNgtcp2Error *error,
                                 uint64_t code,
                                 const uint8_t *reason,
                                 size_t reason_size)
{
#if EC_NGTCP2_1
  ngtcp2_ccerr_default (error);
  ngtcp2_ccerr_set_application_error (error, code, reason, reason_size);
#else
  ngtcp2_connection_close_error_default (error);
  /* Takes no const, and only reads. */
  ngtcp2_connection_close_error_set_application_error (error, code, (uint8_t *) (uintptr_t) reason,
                                                       reason_size);
#endif
}

static inline void
ec_ngtcp2_error_set_transport (EcNgtcp2Error *error,
                               uint64_t code,
                               const uint8_t *reason,
                               size_t reason_size)
{
#if EC_NGTCP2_1
  ngtcp2_ccerr_default (error);
  ngtcp2_ccerr_set_transport_error (error, code, reason, reason_size);
#else
  ngtcp2_connection_close_error_default (error);
  ngtcp2_connection_close_error_set_transport_error (error, code, (uint8_t *) (uintptr_t) reason,
                                                     reason_size);
#endif
}

static inline void
ec_ngtcp2_error_set_library (EcNgtcp2Error *error, int liberr)
{
#if EC_NGTCP2_1
  ngtcp2_ccerr_default (error);
  ngtcp2_ccerr_set_liberr (error, liberr, NULL, 0);
#else
  ngtcp2_connection_close_error_default (error);
  ngtcp2_connection_close_error_set_transport_error_liberr (error, liberr, NULL, 0);
#endif
}

static inline void
ec_ngtcp2_error_set_tls_alert (EcNgtcp2Error *error, uint8_t alert)
{
#if EC_NGTCP2_1
  ngtcp2_ccerr_default (error);
  ngtcp2_ccerr_set_tls_alert (error, alert, NULL, 0);
#else
  ngtcp2_connection_close_error_default (error);
  ngtcp2_connection_close_error_set_transport_error_tls_alert (error, alert, NULL, 0);
#endif
}

/* What the peer closed with; `reason` is the connection's. */
static inline void
ec_ngtcp2_conn_get_error (ngtcp2_conn *conn, EcNgtcp2Error *error)
{
#if EC_NGTCP2_1
  *error = *ngtcp2_conn_get_ccerr (conn);
#else
  ngtcp2_conn_get_connection_close_error (conn, error);
#endif
}

static inline int
ec_ngtcp2_conn_stop_stream (ngtcp2_conn *conn, int64_t id, uint64_t code)
{
#if EC_NGTCP2_1
  return ngtcp2_conn_shutdown_stream_read (conn, 0, id, code);
#else
  return ngtcp2_conn_shutdown_stream_read (conn, id, code);
#endif
}

static inline int
ec_ngtcp2_conn_reset_stream (ngtcp2_conn *conn, int64_t id, uint64_t code)
{
#if EC_NGTCP2_1
  return ngtcp2_conn_shutdown_stream_write (conn, 0, id, code);
#else
  return ngtcp2_conn_shutdown_stream_write (conn, id, code);
#endif
}

/* `window` may be NULL. */
static inline uint64_t
ec_ngtcp2_conn_get_rtt (ngtcp2_conn *conn, uint64_t *window)
{
#if EC_NGTCP2_1
  ngtcp2_conn_info info;

  ngtcp2_conn_get_conn_info (conn, &info);
#else
  ngtcp2_conn_stat info;

  ngtcp2_conn_get_conn_stat (conn, &info);
#endif
  if (window)
    *window = info.cwnd;
  return info.latest_rtt == 0 ? 0 : info.smoothed_rtt;
}

/* Of a server, which has it from an Initial packet. */
static inline const uint8_t *
ec_ngtcp2_hd_get_token (const ngtcp2_pkt_hd *hd, size_t *size)
{
#if EC_NGTCP2_1
  *size = hd->tokenlen;
  return hd->token;
#else
  *size = hd->token.len;
  return hd->token.base;
#endif
}

static inline void
ec_ngtcp2_settings_set_retry_token (ngtcp2_settings *settings, const uint8_t *token, size_t size)
{
#if EC_NGTCP2_1
  settings->token = token;
  settings->tokenlen = size;
  settings->token_type = NGTCP2_TOKEN_TYPE_RETRY;
#else
  settings->token.base = (uint8_t *) (uintptr_t) token;
  settings->token.len = size;
#endif
}

static inline void
ec_ngtcp2_settings_set_qlog (ngtcp2_settings *settings,
                             ngtcp2_qlog_write write,
                             const ngtcp2_cid *original_dcid)
{
#if EC_NGTCP2_1
  settings->qlog_write = write;
#else
  settings->qlog.write = write;
  settings->qlog.odcid = *original_dcid;
#endif
}

static inline void
ec_ngtcp2_params_set_original_dcid (ngtcp2_transport_params *params, const ngtcp2_cid *dcid)
{
  params->original_dcid = *dcid;
#if EC_NGTCP2_1
  params->original_dcid_present = 1;
#endif
}
