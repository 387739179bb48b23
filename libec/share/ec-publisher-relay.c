/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "share/ec-publisher-relay-private.h"

/**
 * EcPublisherRelay:
 *
 * A relay that a [class@Publisher] publishes through; made by [method@Publisher.add_relay].
 *
 * The session is kept up: when it is lost, or could not be established, the relay is dialled again after 0.25, 0.5, 1, 2, 4, 8 and then
 * every 10 seconds, until the publisher stops.
 */
struct _EcPublisherRelay {
  GObject parent_instance;
  EcPublishRelay *relay; /* owned */
};

enum { PROP_0, PROP_URI, PROP_STATE, PROP_CLAIM, PROP_PROTOCOL, PROP_RTT, PROP_ERROR, N_PROPS };

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (EcPublisherRelay, ec_publisher_relay, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (EcPublisherRelayState,
                    ec_publisher_relay_state,
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_RELAY_STATE_IDLE, "idle"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_RELAY_STATE_CONNECTING, "connecting"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_RELAY_STATE_CONNECTED, "connected"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_RELAY_STATE_WAITING, "waiting"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_RELAY_STATE_STOPPED, "stopped"))

G_DEFINE_ENUM_TYPE (EcPublisherClaim,
                    ec_publisher_claim,
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_CLAIM_NONE, "none"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_CLAIM_COMPARING, "comparing"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_CLAIM_GRANTED, "granted"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_CLAIM_CONTESTED, "contested"),
                    G_DEFINE_ENUM_VALUE (EC_PUBLISHER_CLAIM_REFUSED, "refused"))

static void
ec_publisher_relay_finalize (GObject *object)
{
  EcPublisherRelay *self = EC_PUBLISHER_RELAY (object);

  g_clear_pointer (&self->relay, ec_publish_relay_unref);
  G_OBJECT_CLASS (ec_publisher_relay_parent_class)->finalize (object);
}

static void
ec_publisher_relay_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  EcPublisherRelay *self = EC_PUBLISHER_RELAY (object);

  switch (id) {
  case PROP_URI:
    g_value_set_string (value, ec_publisher_relay_get_uri (self));
    break;
  case PROP_STATE:
    g_value_set_enum (value, ec_publisher_relay_get_state (self));
    break;
  case PROP_CLAIM:
    g_value_set_enum (value, ec_publisher_relay_get_claim (self));
    break;
  case PROP_PROTOCOL:
    g_value_take_string (value, ec_publisher_relay_dup_protocol (self));
    break;
  case PROP_RTT:
    g_value_set_uint64 (value, ec_publisher_relay_get_rtt (self));
    break;
  case PROP_ERROR:
    g_value_take_boxed (value, ec_publisher_relay_dup_error (self));
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
  }
}

#define READABLE (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS)

static void
ec_publisher_relay_class_init (EcPublisherRelayClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = ec_publisher_relay_finalize;
  object_class->get_property = ec_publisher_relay_get_property;
  /**
   * EcPublisherRelay:uri: (getter get_uri)
   *
   * Where it is.
   */
  properties[PROP_URI] = g_param_spec_string ("uri", NULL, NULL, NULL, READABLE);
  /**
   * EcPublisherRelay:state: (getter get_state)
   *
   * How we are connected to it.
   */
  properties[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, EC_TYPE_PUBLISHER_RELAY_STATE,
                                              EC_PUBLISHER_RELAY_STATE_IDLE, READABLE);
  /**
   * EcPublisherRelay:claim: (getter get_claim)
   *
   * Whether the name of the broadcast itself is used there.
   */
  properties[PROP_CLAIM] = g_param_spec_enum ("claim", NULL, NULL, EC_TYPE_PUBLISHER_CLAIM,
                                              EC_PUBLISHER_CLAIM_NONE, READABLE);
  /**
   * EcPublisherRelay:protocol:
   *
   * The draft of MOQT that is spoken, such as “moqt-18”; %NULL without a session.
   */
  properties[PROP_PROTOCOL] = g_param_spec_string ("protocol", NULL, NULL, NULL, READABLE);
  /**
   * EcPublisherRelay:rtt: (getter get_rtt)
   *
   * The round trip in µs; 0 without a session. It is not notified.
   */
  properties[PROP_RTT] = g_param_spec_uint64 ("rtt", NULL, NULL, 0, G_MAXUINT64, 0, READABLE);
  /**
   * EcPublisherRelay:error:
   *
   * Why there is no session, or what the relay refused; %NULL: all is well.
   */
  properties[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, READABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
ec_publisher_relay_init (EcPublisherRelay *self)
{
}

static void
on_news (GObject *object, guint what)
{
  g_object_freeze_notify (object);
  g_object_notify_by_pspec (object, properties[PROP_ERROR]);
  g_object_notify_by_pspec (object, properties[PROP_PROTOCOL]);
  g_object_notify_by_pspec (object, properties[PROP_CLAIM]);
  g_object_notify_by_pspec (object, properties[PROP_STATE]);
  g_object_thaw_notify (object);
}

EcPublisherRelay *
ec_publisher_relay_new (EcPublishRelay *relay)
{
  EcPublisherRelay *self = g_object_new (EC_TYPE_PUBLISHER_RELAY, NULL);
  EcMoqNews *news = ec_moq_news_new (G_OBJECT (self), on_news);

  self->relay = relay;
  ec_publish_relay_set_news (relay, news);
  ec_moq_news_unref (news);
  return self;
}

EcPublishRelay *
ec_publisher_relay_get_relay (EcPublisherRelay *self)
{
  return self->relay;
}

/**
 * ec_publisher_relay_get_uri: (get-property uri)
 * @self: a relay
 *
 * Where it is.
 *
 * Returns: its address, as it was given
 */
const char *
ec_publisher_relay_get_uri (EcPublisherRelay *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER_RELAY (self), NULL);
  return ec_publish_relay_get_uri (self->relay);
}

/**
 * ec_publisher_relay_get_state: (get-property state)
 * @self: a relay
 *
 * How we are connected to it.
 *
 * Returns: the state
 */
EcPublisherRelayState
ec_publisher_relay_get_state (EcPublisherRelay *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER_RELAY (self), EC_PUBLISHER_RELAY_STATE_IDLE);
  return (EcPublisherRelayState) ec_publish_relay_get_state (self->relay);
}

/**
 * ec_publisher_relay_get_claim: (get-property claim)
 * @self: a relay
 *
 * Whether the name of the broadcast itself is used there (ECP-0003 §4).
 *
 * Returns: what the name is at this relay
 */
EcPublisherClaim
ec_publisher_relay_get_claim (EcPublisherRelay *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER_RELAY (self), EC_PUBLISHER_CLAIM_NONE);
  return (EcPublisherClaim) ec_publish_relay_get_claim (self->relay);
}

/**
 * ec_publisher_relay_dup_protocol:
 * @self: a relay
 *
 * The draft of MOQT that is spoken.
 *
 * Returns: (transfer full) (nullable): such as “moqt-18”; %NULL without a session
 */
char *
ec_publisher_relay_dup_protocol (EcPublisherRelay *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER_RELAY (self), NULL);
  return ec_publish_relay_dup_protocol (self->relay);
}

/**
 * ec_publisher_relay_get_rtt: (get-property rtt)
 * @self: a relay
 *
 * The round trip to it.
 *
 * Returns: in µs; 0 without a session
 */
guint64
ec_publisher_relay_get_rtt (EcPublisherRelay *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER_RELAY (self), 0);
  return ec_publish_relay_get_rtt_us (self->relay);
}

/**
 * ec_publisher_relay_dup_error:
 * @self: a relay
 *
 * Why there is no session, in [error@MoqError].
 *
 * Returns: (transfer full) (nullable): a copy; %NULL: all is well
 */
GError *
ec_publisher_relay_dup_error (EcPublisherRelay *self)
{
  g_return_val_if_fail (EC_IS_PUBLISHER_RELAY (self), NULL);
  return ec_publish_relay_dup_error (self->relay);
}
