/* SPDX-License-Identifier: LGPL-2.1-or-later */

// The same as chunk-file.c through the Vala API.
int main (string[] args)
{
  try {
    var source = Ec.Source.new_for_uri (args[1]);
    var chunker = new Ec.Chunker (0);
    bool discontinuity;
    Bytes? bytes;

    source.open (null);
    while ((bytes = source.read (out discontinuity, null)) != null)
      chunker.push (bytes);
    chunker.finish ();

    Ec.Chunk? chunk;
    while ((chunk = chunker.pop ()) != null)
      print ("%s %s\n", chunk.get_index ().to_string (), chunk.get_hash ());
    return 0;
  } catch (Ec.SourceError error) {
    printerr ("%s\n", error.message);
    return 1;
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 2;
  }
}
