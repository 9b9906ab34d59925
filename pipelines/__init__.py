"""Input in tf.data: sources, masks, and decoding, views and batches of every modality."""

from mmssl.pipelines.closing import close_at_exit

close_at_exit()
