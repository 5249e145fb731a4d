"""Instance types of AWS that doctor.py knows: their GPUs, and what they cost."""

import re
from dataclasses import dataclass

# On-demand list prices for Linux, in dollars per hour. They were written down by hand and not
# fetched: check before use. Other types are told as unknown.
PRICES_REGION, PRICES_DATE = "us-east-1", "2025-06"
PRICES = {
    "t3.medium": 0.0416,
    "t3.large": 0.0832,
    "t3.xlarge": 0.1664,
    "m5.large": 0.096,
    "m5.xlarge": 0.192,
    "m5.2xlarge": 0.384,
    "m5.4xlarge": 0.768,
    "m6i.large": 0.096,
    "m6i.xlarge": 0.192,
    "m6i.2xlarge": 0.384,
    "m6i.4xlarge": 0.768,
    "c5.xlarge": 0.17,
    "c5.2xlarge": 0.34,
    "r5.large": 0.126,
    "r5.xlarge": 0.252,
    "g4dn.xlarge": 0.526,
    "g4dn.2xlarge": 0.752,
    "g4dn.4xlarge": 1.204,
    "g4dn.8xlarge": 2.176,
    "g4dn.12xlarge": 3.912,
    "g4dn.16xlarge": 4.352,
    "g5.xlarge": 1.006,
    "g5.2xlarge": 1.212,
    "g5.4xlarge": 1.624,
    "g5.8xlarge": 2.448,
    "g5.12xlarge": 5.672,
    "g5.16xlarge": 4.096,
    "g5.24xlarge": 8.144,
    "g5.48xlarge": 16.288,
    "g6.xlarge": 0.8048,
    "g6.2xlarge": 0.9776,
    "g6.4xlarge": 1.3232,
    "g6.8xlarge": 2.0144,
    "g6.12xlarge": 4.6016,
    "g6.16xlarge": 3.3968,
    "g6.24xlarge": 6.6752,
    "g6.48xlarge": 13.3504,
    "p3.2xlarge": 3.06,
    "p3.8xlarge": 12.24,
    "p3.16xlarge": 24.48,
}

# The oldest NVIDIA generation that the pinned torch has code for: torch.cuda.get_arch_list() of its
# build for Linux begins with sm_75.
TORCH_CAPABILITY = 7.5


@dataclass(frozen=True)
class Accelerator:
    """`capability` is CUDA's; None if torch's usual build does not know the maker at all."""

    name: str
    capability: float | None


# By the family, the part of an instance type before the dot.
ACCELERATORS = {
    "p2": Accelerator("NVIDIA K80", 3.7),
    "g3": Accelerator("NVIDIA M60", 5.2),
    "g3s": Accelerator("NVIDIA M60", 5.2),
    "p3": Accelerator("NVIDIA V100", 7.0),
    "p3dn": Accelerator("NVIDIA V100", 7.0),
    "g4dn": Accelerator("NVIDIA T4", 7.5),
    "g5": Accelerator("NVIDIA A10G", 8.6),
    "g6": Accelerator("NVIDIA L4", 8.9),
    "gr6": Accelerator("NVIDIA L4", 8.9),
    "g6e": Accelerator("NVIDIA L40S", 8.9),
    "p4d": Accelerator("NVIDIA A100", 8.0),
    "p4de": Accelerator("NVIDIA A100", 8.0),
    "p5": Accelerator("NVIDIA H100", 9.0),
    "p5e": Accelerator("NVIDIA H200", 9.0),
    "p5en": Accelerator("NVIDIA H200", 9.0),
    "p6-b200": Accelerator("NVIDIA B200", 10.0),
    "g4ad": Accelerator("AMD Radeon Pro V520", None),
    "inf1": Accelerator("AWS Inferentia", None),
    "inf2": Accelerator("AWS Inferentia2", None),
    "trn1": Accelerator("AWS Trainium", None),
    "trn1n": Accelerator("AWS Trainium", None),
    "trn2": Accelerator("AWS Trainium2", None),
    "dl1": Accelerator("Habana Gaudi", None),
}


def accelerator_of(instance_type: str) -> Accelerator | None:
    return ACCELERATORS.get(instance_type.partition(".")[0])


def is_accelerated(instance_type: str) -> bool:
    """By AWS's way to name families; also of those that are newer than the table."""
    return re.match(r"(p|g|gr|trn|inf|dl)\d", instance_type) is not None
