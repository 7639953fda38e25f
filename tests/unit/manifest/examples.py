"""The example manifests of the format's study (arvados.md §4.7), with their outcome."""

A = "2c1743a391305fbf367df8e4f069f9f9+5"  # "alpha"
B = "959a97caceb0ae1a7de7a7526c629764+6"  # "bravo!"
C = "bf779e0933a882808585d19455cd7937+7"  # "charlie"
E = "d41d8cd98f00b204e9800998ecf8427e+0"
BLOCKS = {A: b"alpha", B: b"bravo!", C: b"charlie", E: b"", "144e1c8a73e5c505aedf5acf65583d5f+11": b"alphabravo!"}
SIGNED_A = A + "+A" + "0123456789abcdef0123456789abcdef01234567" + "@7fffffff"

# (number, text, portable data hash where the study names it, {path: content; None for an empty directory})
VALID = [
    ("1", "", "d41d8cd98f00b204e9800998ecf8427e+0", {}),
    (
        "2",
        ". 144e1c8a73e5c505aedf5acf65583d5f+11 0:5:a.txt 5:6:b.txt\n",
        "d1eafa4a0e3e4e4750db45c64494fef7+58",
        {"a.txt": b"alpha", "b.txt": b"bravo!"},
    ),
    (
        "3",
        f". {A} {B} {C} 3:10:mid 0:18:all\n",
        "5e4fdd796a554d2166f933ac484f6bc7+125",
        {"mid": b"habravo!ch", "all": b"alphabravo!charlie"},
    ),
    (
        "4",
        f". {A} {B} 0:5:x 5:6:x\n./s {C} 0:7:y\n",
        "69f3d146b34484c12b6c7666de9f327d+129",
        {"x": b"alphabravo!", "s/y": b"charlie"},
    ),
    ("5", f". {A} 0:5:s/y\n./s {C} 0:7:y\n", "300f76b9276cdcfefa7bf5f144d7fb11+90", {"s/y": b"alphacharlie"}),
    (
        "6",
        f"./my\\040dir {A} 0:5:tab\\011and\\072colon\\134.txt\n",
        "446931cd14701c7bb1d1176c309aafae+79",
        {"my dir/tab\tand:colon\\.txt": b"alpha"},
    ),
    ("7", f". {A} 0:5:raw:colon\n", "18820945a925583a41a0fe2b5ef48448+51", {"raw:colon": b"alpha"}),
    ("8", f"./empty {E} 0:0:\\056\n", "bfe99e733350a94fd6f98b9e07343614+52", {"empty": None}),
    ("8, raw dot", f"./empty {E} 0:0:.\n", "1d5398a5a93446f736019516c8da3b74+49", {"empty": None}),
    ("9", f". {A} 0:5:a 0:0:z 5:0:zz\n", None, {"a": b"alpha", "z": b"", "zz": b""}),
    (
        "10",
        f". {SIGNED_A} {B}+K@zzzzz 0:11:f\n",
        "cf61dfdd301e223b72ee472456b46f3b+79",
        {"f": b"alphabravo!"},
    ),
    ("10, no hints", f". {A} {B} 0:11:f\n", "cf61dfdd301e223b72ee472456b46f3b+79", {"f": b"alphabravo!"}),
    ("11", f". {A} 0:5:été\n", "ad1685b1f7de65a4dc94b51e937af201+47", {"été": b"alpha"}),
    ("20", f". {A} 000:0005:a\n", None, {"a": b"alpha"}),
]

# (number, text, line, words of the reason); "16" is the one that only the whole tree shows.
INVALID_LINES = [
    ("12", f". {A} 0:5:.\n", "names a directory, which has no bytes"),
    ("13", f". {A} 0:5:a {B}\n", "comes after a file token"),
    ("14 no locator", ". 0:0:a\n", "no locator between stream name and file tokens"),
    ("14 no file", f". {A}\n", "no file token after the locators"),
    ("14 nothing", ".\n", "no locator after the stream name"),
    ("14 blank", "\n", "blank, without a stream name"),
    ("15", f". {A} 0:6:a\n", "reaches beyond the stream of 5 bytes"),
    ("17 no LF", f". {A} 0:5:a", "no line feed at its end"),
    ("17 trailing space", f". {A} 0:5:a \n", "a space after the last token"),
    ("17 two spaces", f". {A}  0:5:a\n", "two spaces in a row at column 37"),
    ("17 tab", f".\t{A} 0:5:a\n", "control character '\\t' at column 2"),
    ("18", ". 2c1743a391305fbf367df8e4f069f9f9+K@zzzzz+5 0:5:a\n", "the size does not follow the hash"),
    ("19 stream", f"./a/../b {A} 0:5:a\n", "stream name './a/../b' has a '..' path component"),
    ("19 file", f". {A} 0:5:../a\n", "file token '0:5:../a' has a '..' path component"),
    ("19 escaped", f". {A} 0:5:\\056\\056\n", "has a '..' path component"),
]
CONFLICT = f". {A} 0:5:d\n./d {B} 0:6:f\n"
