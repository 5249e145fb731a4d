def prepare(asked): raise NotImplementedError
