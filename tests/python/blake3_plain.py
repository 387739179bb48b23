# SPDX-License-Identifier: LGPL-2.1-or-later
"""BLAKE3, regular hash mode, 256 bits: written to be read, from the public specification."""

IV = (0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19)
PERMUTATION = (2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8)
CHUNK_START, CHUNK_END, PARENT, ROOT = 1, 2, 4, 8
BLOCK, CHUNK = 64, 1024
MASK = 0xFFFFFFFF

# The message words of each of the seven rounds.
SCHEDULE = [tuple(range(16))]
for _ in range(6):
    SCHEDULE.append(tuple(SCHEDULE[-1][i] for i in PERMUTATION))

# The four words that each of a round's eight mixings works on: columns, then diagonals.
LANES = ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
         (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14))


def compress(chaining, words, counter, length, flags):
    """One block into one chaining value: the first eight words of the output."""
    v = [*chaining, *IV[:4], counter & MASK, counter >> 32, length, flags]
    for order in SCHEDULE:
        for lane, (i, j, k, m) in enumerate(LANES):
            a, b, c, d = v[i], v[j], v[k], v[m]
            a = (a + b + words[order[2 * lane]]) & MASK
            d ^= a
            d = (d >> 16 | d << 16) & MASK
            c = (c + d) & MASK
            b ^= c
            b = (b >> 12 | b << 20) & MASK
            a = (a + b + words[order[2 * lane + 1]]) & MASK
            d ^= a
            d = (d >> 8 | d << 24) & MASK
            c = (c + d) & MASK
            b ^= c
            b = (b >> 7 | b << 25) & MASK
            v[i], v[j], v[k], v[m] = a, b, c, d
    return [x ^ y for x, y in zip(v[:8], v[8:])]


def words_of(block):
    block = block.ljust(BLOCK, b"\0")
    return [int.from_bytes(block[i:i + 4], "little") for i in range(0, BLOCK, 4)]


def chunk_value(data, number, root):
    """The chaining value of up to 1,024 bytes; the last block is the root if there is nothing else."""
    value = IV
    blocks = [data[i:i + BLOCK] for i in range(0, len(data), BLOCK)] or [b""]
    for i, block in enumerate(blocks):
        flags = CHUNK_START if i == 0 else 0
        if i == len(blocks) - 1:
            flags |= CHUNK_END | (ROOT if root else 0)
        value = compress(value, words_of(block), number, len(block), flags)
    return value


def blake3(data):
    """The 32-byte hash of data."""
    data = bytes(data)
    values = [chunk_value(data[i:i + CHUNK], i // CHUNK, len(data) <= CHUNK)
              for i in range(0, len(data), CHUNK)] or [chunk_value(b"", 0, True)]
    # Pairing neighbours, an odd one moving up as it is, gives the tree of the specification: every
    # left subtree is the largest power of two that leaves something for the right.
    while len(values) > 1:
        flags = PARENT | (ROOT if len(values) == 2 else 0)
        values = [compress(IV, values[i] + values[i + 1], 0, BLOCK, flags) if i + 1 < len(values) else values[i]
                  for i in range(0, len(values), 2)]
    return b"".join(word.to_bytes(4, "little") for word in values[0])
