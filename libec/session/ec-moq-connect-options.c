/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/ec-moq-connect-options-private.h"

#include "base/ec-error.h"
#include "seal/ec-token.h"

#define MAX_TOKEN 4096 /* bytes; SETUP has to fit in one message */

/**
 * EcMoqConnectOptions:
 *
 * How [ctor@MoqSession.new_for_uri] goes about it: all of it is properties, with defaults that are good. They are read when
 * connecting begins: what is changed later is for the next time. For one thread at a time.
 *
 * What the server must show is, in this order: a certificate with one of [property@MoqConnectOptions:certificate-hashes], one from an
 * authority of [property@MoqConnectOptions:ca-file], one from an authority that the system trusts. There is no way to accept any.
 */
G_DEFINE_FINAL_TYPE (EcMoqConnectOptions, ec_moq_connect_options, G_TYPE_OBJECT)

enum {
  PROP_0,
  PROP_CA_FILE,
  PROP_CERTIFICATE_HASHES,
  PROP_IDENTITY,
  PROP_TOKEN,
  PROP_PROTOCOLS,
  PROP_TIMEOUT,
  PROP_IDLE_TIMEOUT,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
ec_moq_connect_options_finalize (GObject *object)
{
  EcMoqConnectOptions *self = EC_MOQ_CONNECT_OPTIONS (object);

  g_free (self->ca_file);
  g_strfreev (self->certificate_hashes);
  g_strfreev (self->protocols);
  g_clear_object (&self->identity);
  g_clear_pointer (&self->token, g_bytes_unref);
  G_OBJECT_CLASS (ec_moq_connect_options_parent_class)->finalize (object);
}

static void
ec_moq_connect_options_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcMoqConnectOptions *self = EC_MOQ_CONNECT_OPTIONS (object);

  switch (id) {
  case PROP_CA_FILE:
    g_value_set_string (value, self->ca_file);
    break;
  case PROP_CERTIFICATE_HASHES:
    g_value_set_boxed (value, self->certificate_hashes);
    break;
  case PROP_IDENTITY:
    g_value_set_object (value, self->identity);
    break;
  case PROP_TOKEN:
    g_value_set_boxed (value, self->token);
    break;
  case PROP_PROTOCOLS:
    g_value_set_boxed (value, self->protocols);
    break;
  case PROP_TIMEOUT:
    g_value_set_uint (value, self->timeout_ms);
    break;
  case PROP_IDLE_TIMEOUT:
    g_value_set_uint (value, self->idle_timeout_ms);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

static void
ec_moq_connect_options_set_property (GObject *object,
                                     guint id,
                                     const GValue *value,
                                     GParamSpec *pspec)
{
  EcMoqConnectOptions *self = EC_MOQ_CONNECT_OPTIONS (object);

  switch (id) {
  case PROP_CA_FILE:
    g_free (self->ca_file);
    self->ca_file = g_value_dup_string (value);
    break;
  case PROP_CERTIFICATE_HASHES:
    g_strfreev (self->certificate_hashes);
    self->certificate_hashes = g_value_dup_boxed (value);
    break;
  case PROP_IDENTITY:
    g_set_object (&self->identity, g_value_get_object (value));
    break;
  case PROP_TOKEN:
    g_clear_pointer (&self->token, g_bytes_unref);
    self->token = g_value_dup_boxed (value);
    break;
  case PROP_PROTOCOLS:
    g_strfreev (self->protocols);
    self->protocols = g_value_dup_boxed (value);
    break;
  case PROP_TIMEOUT:
    self->timeout_ms = g_value_get_uint (value);
    break;
  case PROP_IDLE_TIMEOUT:
    self->idle_timeout_ms = g_value_get_uint (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define WRITABLE (G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS)

static void
ec_moq_connect_options_class_init (EcMoqConnectOptionsClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_moq_connect_options_finalize;
  object_class->get_property = ec_moq_connect_options_get_property;
  object_class->set_property = ec_moq_connect_options_set_property;
  /**
   * EcMoqConnectOptions:ca-file:
   *
   * A PEM file of the authorities that the server's certificate must come from; %NULL: the system's.
   */
  properties[PROP_CA_FILE] = g_param_spec_string ("ca-file", NULL, NULL, NULL, WRITABLE);
  /**
   * EcMoqConnectOptions:certificate-hashes:
   *
   * The server's certificate must be one of these: SHA-256 of it, 64 hexadecimal digits each, colons are ignored.
   */
  properties[PROP_CERTIFICATE_HASHES] =
      g_param_spec_boxed ("certificate-hashes", NULL, NULL, G_TYPE_STRV, WRITABLE);
  /**
   * EcMoqConnectOptions:identity:
   *
   * What is shown to a server that takes raw public keys.
   */
  properties[PROP_IDENTITY] =
      g_param_spec_object ("identity", NULL, NULL, EC_TYPE_IDENTITY, WRITABLE);
  /**
   * EcMoqConnectOptions:token:
   *
   * An authorization token for the server, such as the secret of a relay that not everybody may publish through; at most 4,096 bytes. It goes
   * to the server once its certificate was found good, and not before.
   */
  properties[PROP_TOKEN] = g_param_spec_boxed ("token", NULL, NULL, G_TYPE_BYTES, WRITABLE);
  /**
   * EcMoqConnectOptions:protocols:
   *
   * The drafts of MOQT that are offered, such as “moqt-18”, the best first; %NULL: all that are known here.
   */
  properties[PROP_PROTOCOLS] = g_param_spec_boxed ("protocols", NULL, NULL, G_TYPE_STRV, WRITABLE);
  /**
   * EcMoqConnectOptions:timeout:
   *
   * For how many milliseconds it may take to connect.
   */
  properties[PROP_TIMEOUT] =
      g_param_spec_uint ("timeout", NULL, NULL, 1, G_MAXINT, 10000, WRITABLE);
  /**
   * EcMoqConnectOptions:idle-timeout:
   *
   * After how many milliseconds without a word from the server it is taken for gone.
   */
  properties[PROP_IDLE_TIMEOUT] =
      g_param_spec_uint ("idle-timeout", NULL, NULL, 1, G_MAXINT, 30000, WRITABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_moq_connect_options_init (EcMoqConnectOptions *self)
{
  self->timeout_ms = 10000;
  self->idle_timeout_ms = 30000;
}

/**
 * ec_moq_connect_options_new:
 *
 * Makes options with their defaults.
 *
 * Returns: (transfer full): new options
 */
EcMoqConnectOptions *
ec_moq_connect_options_new (void)
{
  return g_object_new (EC_TYPE_MOQ_CONNECT_OPTIONS, NULL);
}

/**
 * ec_moq_connect_options_set_token_text:
 * @self: options
 * @text: (nullable): a token as it is written down: in base64url, as `ec id` prints it, or a relay's secret as it is
 *
 * Sets [property@MoqConnectOptions:token] from text.
 */
void
ec_moq_connect_options_set_token_text (EcMoqConnectOptions *self, const char *text)
{
  g_autoptr (GBytes) token = text ? ec_token_from_text (text) : NULL;

  g_return_if_fail (EC_IS_MOQ_CONNECT_OPTIONS (self));
  g_object_set (self, "token", token, NULL);
}

static GBytes *
parse_hash (const char *text)
{
  guint8 hash[32];
  guint n = 0;

  for (const char *p = text; *p; p++) {
    int digit = g_ascii_xdigit_value (*p);

    if (*p == ':')
      continue;
    if (digit < 0 || n == 2 * sizeof hash)
      return NULL;
    hash[n / 2] = (guint8) (n % 2 ? hash[n / 2] | digit : digit << 4);
    n++;
  }
  return n == 2 * sizeof hash ? g_bytes_new (hash, sizeof hash) : NULL;
}

gboolean
ec_moq_connect_options_fill (EcMoqConnectOptions *self, EcMoqDialConfig *config, GError **error)
{
  g_autoptr (GPtrArray) hashes = NULL;

  if (!self)
    return TRUE;
  if (self->token && g_bytes_get_size (self->token) > MAX_TOKEN) {
    g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_UNAUTHORIZED,
                 "A token of %" G_GSIZE_FORMAT " bytes is none: it has at most %d.",
                 g_bytes_get_size (self->token), MAX_TOKEN);
    return FALSE;
  }
  for (gsize i = 0; self->certificate_hashes && self->certificate_hashes[i]; i++) {
    GBytes *hash = parse_hash (self->certificate_hashes[i]);

    if (!hash) {
      g_set_error (error, EC_MOQ_ERROR, EC_MOQ_ERROR_BAD_URI,
                   "“%s” is no hash of a certificate: SHA-256 has 64 hexadecimal digits.",
                   self->certificate_hashes[i]);
      return FALSE;
    }
    if (!hashes)
      hashes = g_ptr_array_new_with_free_func ((GDestroyNotify) g_bytes_unref);
    g_ptr_array_add (hashes, hash);
  }
  config->certificate_hashes = g_steal_pointer (&hashes);
  config->ca_file = self->ca_file;
  config->identity = self->identity;
  config->token = self->token;
  config->protocols = (const char *const *) self->protocols;
  config->timeout_ms = self->timeout_ms;
  config->idle_timeout_ms = self->idle_timeout_ms;
  return TRUE;
}
