from .data import Data as Data
from .final_model import ArrayInput as ArrayInput, FinalModel as FinalModel
