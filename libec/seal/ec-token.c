/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "seal/ec-token.h"

#include <sodium.h>
#include <string.h>

#include "base/ec-reader.h"
#include "seal/ec-identity-private.h"

/* ECP-0006 §1 */
static const char magic[4] = { 'E', 'C', 'T', '1' };

/* Signed before the token's bytes, so that a signature is good for nothing else (ECP-0006 §2). */
static const char context[] = "ec-token-1";

G_STATIC_ASSERT (EC_TOKEN_KEY_SIZE == crypto_sign_PUBLICKEYBYTES);
G_STATIC_ASSERT (EC_IDENTITY_SIGNATURE_SIZE == crypto_sign_BYTES);

static void
append_u16 (GByteArray *out, gsize value)
{
  guint8 bytes[2] = { (guint8) (value >> 8), (guint8) value };

  g_byte_array_append (out, bytes, sizeof bytes);
}

static void
append_u64 (GByteArray *out, guint64 value)
{
  guint64 big = GUINT64_TO_BE (value);

  g_byte_array_append (out, (const guint8 *) &big, sizeof big);
}

static gboolean
append_field (GByteArray *out, const EcTokenField *field, gsize max)
{
  if (field->size == 0 || field->size > max)
    return FALSE;
  append_u16 (out, field->size);
  g_byte_array_append (out, field->data, (guint) field->size);
  return TRUE;
}

/* What is signed: the context, then all of the token before the signature. */
static GByteArray *
make_signed (const guint8 *data, gsize size)
{
  GByteArray *text = g_byte_array_sized_new ((guint) (sizeof context - 1 + size));

  g_byte_array_append (text, (const guint8 *) context, sizeof context - 1);
  g_byte_array_append (text, data, (guint) size);
  return text;
}

GBytes *
ec_token_write (EcIdentity *identity, const EcToken *token)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (GByteArray) text = NULL;
  guint8 kind = (guint8) token->kind, n_prefix = (guint8) token->n_prefix;
  guint8 issuer[EC_IDENTITY_KEY_SIZE], signature[EC_IDENTITY_SIGNATURE_SIZE];

  if (token->n_prefix > EC_TOKEN_MAX_FIELDS || token->expiry_s < 0)
    return NULL;
  ec_identity_get_public_key (identity, issuer);
  g_byte_array_append (out, (const guint8 *) magic, sizeof magic);
  g_byte_array_append (out, &kind, 1);
  g_byte_array_append (out, issuer, sizeof issuer);
  append_u64 (out, (guint64) token->expiry_s);
  g_byte_array_append (out, &n_prefix, 1);
  for (guint i = 0; i < token->n_prefix; i++) {
    if (!append_field (out, &token->prefix[i], EC_TOKEN_MAX_SIZE))
      return NULL;
  }
  if (token->kind == EC_TOKEN_DELEGATION)
    g_byte_array_append (out, token->delegate, sizeof token->delegate);
  else if (!append_field (out, &token->authority, EC_TOKEN_MAX_AUTHORITY))
    return NULL;
  if (out->len + sizeof signature > EC_TOKEN_MAX_SIZE)
    return NULL;

  text = make_signed (out->data, out->len);
  ec_identity_sign (identity, text->data, text->len, signature);
  g_byte_array_append (out, signature, sizeof signature);
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

gboolean
ec_token_is_one (const guint8 *data, gsize size)
{
  return size >= sizeof magic && memcmp (data, magic, sizeof magic) == 0;
}

static void
read_field (EcReader *reader, EcTokenField *field)
{
  field->size = ec_reader_u16 (reader);
  field->data = ec_reader_bytes (reader, field->size);
  if (field->size == 0)
    reader->failed = TRUE;
}

/* All but the signature. */
static gboolean
read_body (EcReader *reader, EcToken *token)
{
  const guint8 *issuer, *delegate;
  guint64 expiry_s;

  ec_reader_skip (reader, sizeof magic);
  token->kind = ec_reader_u8 (reader);
  issuer = ec_reader_bytes (reader, sizeof token->issuer);
  expiry_s = (guint64) ec_reader_u32 (reader) << 32;
  expiry_s |= ec_reader_u32 (reader);
  token->n_prefix = ec_reader_u8 (reader);
  if (reader->failed || expiry_s > G_MAXINT64 || token->n_prefix > EC_TOKEN_MAX_FIELDS)
    return FALSE;
  memcpy (token->issuer, issuer, sizeof token->issuer);
  token->expiry_s = (gint64) expiry_s;
  for (guint i = 0; i < token->n_prefix; i++)
    read_field (reader, &token->prefix[i]);

  switch (token->kind) {
  case EC_TOKEN_DELEGATION:
    delegate = ec_reader_bytes (reader, sizeof token->delegate);
    if (delegate)
      memcpy (token->delegate, delegate, sizeof token->delegate);
    break;
  case EC_TOKEN_PROOF:
    read_field (reader, &token->authority);
    if (token->authority.size > EC_TOKEN_MAX_AUTHORITY)
      return FALSE;
    break;
  default:
    return FALSE;
  }
  return !reader->failed;
}

gboolean
ec_token_read (const guint8 *data, gsize size, EcToken *token)
{
  g_autoptr (GByteArray) text = NULL;
  const guint8 *signature;
  EcReader reader;
  gsize body;

  memset (token, 0, sizeof *token);
  if (size > EC_TOKEN_MAX_SIZE || !ec_token_is_one (data, size))
    return FALSE;
  ec_reader_init (&reader, data, size);
  if (!read_body (&reader, token))
    return FALSE;
  body = reader.pos;
  signature = ec_reader_bytes (&reader, crypto_sign_BYTES);
  if (reader.failed || ec_reader_left (&reader) > 0)
    return FALSE;

  text = make_signed (data, body);
  return crypto_sign_verify_detached (signature, text->data, text->len, token->issuer) == 0;
}

GBytes *
ec_token_from_text (const char *text)
{
  g_autofree char *standard = g_strdup (text);
  g_autoptr (GString) padded = NULL;
  g_autofree guint8 *data = NULL;
  gsize size = 0;

  g_strdelimit (standard, "-", '+');
  g_strdelimit (standard, "_", '/');
  padded = g_string_new (standard);
  while (padded->len % 4 != 0)
    g_string_append_c (padded, '=');
  data = g_base64_decode (padded->str, &size);
  if (data && ec_token_is_one (data, size))
    return g_bytes_new (data, size);
  return g_bytes_new (text, strlen (text));
}
