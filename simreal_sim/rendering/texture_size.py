"""How large the pictures of the texture pool are."""

TEXTURE_SIZE = 128  # pixels a side; a crop of a block shows a face at 20 to 60 pixels
UNIT = TEXTURE_SIZE // 64  # pixels; strokes and shapes of textures are so many of these
LEVELS = TEXTURE_SIZE.bit_length()  # of a mip pyramid: 128, 64, ... 1 pixels a side
