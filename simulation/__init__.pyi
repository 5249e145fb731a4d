from .simulated_study import Simulation as Simulation, Training as Training
