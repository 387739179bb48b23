/* SPDX-License-Identifier: LGPL-2.1-or-later */

// The same as moq.c through the Vala API.
Ec.MoqSession? theirs = null;
Ec.MoqTrack track;

async void watch (string uri, Ec.MoqConnectOptions options) throws Error {
  var session = yield new Ec.MoqSession.for_uri_async (uri, options, null);
  var subscription = yield session.subscribe_async ("demo", "greetings", Ec.MoqStart.CURRENT_GROUP, null);

  Ec.MoqObject? item;
  while ((item = yield subscription.read_object_async (null)) != null)
    if (item.get_kind () == Ec.MoqObjectKind.OBJECT) {
      print ("%s %s %s %s\n", item.get_group ().to_string (), item.get_id ().to_string (),
             ((string) item.get_payload ().get_data ()).substring (0, 5), item.get_properties ().print (false));
      if (item.get_id () == 1)
        track.end ();
    }
  print ("end\n");
}

int main () {
  try {
    var loop = new MainLoop ();
    track = new Ec.MoqTrack ("demo", "greetings", null);
    var server = new Ec.MoqServer ("127.0.0.1:0");

    server.incoming.connect ((session) => {
      try {
        session.add_track (track);
      } catch (Error error) {
        printerr ("%s\n", error.message);
      }
      theirs = session;
    });
    server.start ();
    track.write_object (1, 0, 128, new Bytes ("hello".data), false, null);
    track.write_object (1, 1, 128, new Bytes ("hello".data), true,
                        new Variant.parsed ("[(uint64 0x3800, <uint64 7>)]"));

    var options = new Ec.MoqConnectOptions ();
    options.certificate_hashes = server.dup_certificate_hashes ();
    watch.begin ("moqt://" + server.dup_addresses ()[0], options, (_, result) => {
      try {
        watch.end (result);
      } catch (Error error) {
        print ("%s\n", error.message);
      }
      loop.quit ();
    });
    loop.run ();
    return 0;
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 1;
  }
}
