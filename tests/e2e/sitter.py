"""A picture of nobody for a camera that is not one: head and shoulders in a soft light, as a file for Chromium."""

from __future__ import annotations

from pathlib import Path

WIDTH, HEIGHT = 640, 360
Colour = tuple[int, int, int]


def picture(file: Path, *, wall: Colour, coat: Colour, skin: Colour, hair: Colour) -> Path:
    """YUV4MPEG2, two frames, the second a breath lower. Colours are red, green and blue."""
    with file.open("wb") as out:
        out.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F2:1 Ip A1:1 C420jpeg\n".encode())
        for lower in (0, 2):
            out.write(b"FRAME\n" + _frame(lower, wall, coat, skin, hair))
    return file


def _frame(lower: int, wall: Colour, coat: Colour, skin: Colour, hair: Colour) -> bytes:
    def at(x: int, y: int) -> Colour:
        dx, dy = x - WIDTH // 2, y - lower
        if (dx / 62) ** 2 + ((dy - 150) / 78) ** 2 < 1 and dy > 118 - abs(dx) / 3:
            return skin
        if (dx / 76) ** 2 + ((dy - 140) / 92) ** 2 < 1 and dy < 190:
            return hair
        if abs(dx) < 26 and 200 < dy < 262:
            return skin
        if (dx / 170) ** 2 + ((dy - 370) / 130) ** 2 < 1:
            return coat
        light = 1 - 0.35 * (x / WIDTH) - 0.2 * (y / HEIGHT)
        return int(wall[0] * light), int(wall[1] * light), int(wall[2] * light)

    rows = [[at(x, y) for x in range(WIDTH)] for y in range(HEIGHT)]
    luma = bytes(_luma(pixel) for row in rows for pixel in row)
    fewer = [row[::2] for row in rows[::2]]
    return luma + bytes(_blue(p) for row in fewer for p in row) + bytes(_red(p) for row in fewer for p in row)


def _luma(p: Colour) -> int:
    return round(0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2])


def _blue(p: Colour) -> int:
    return min(255, max(0, round(128 - 0.168736 * p[0] - 0.331264 * p[1] + 0.5 * p[2])))


def _red(p: Colour) -> int:
    return min(255, max(0, round(128 + 0.5 * p[0] - 0.418688 * p[1] - 0.081312 * p[2])))
