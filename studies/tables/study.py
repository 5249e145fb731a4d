def search_pipelines(asked): raise NotImplementedError
