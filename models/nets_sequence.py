"""Networks on sequences of words or sounds, written after their papers.

Sizes that no dynamic dimension changes are Python numbers: constants in the export.
"""

from functools import partial

import torch
from torch import nn
from torch.nn import functional as F

HEAD = 64  # features of an attention head, in every network here


def split_heads(x, heads):
    """[batch, sequence, heads * HEAD] -> [batch, heads, sequence, HEAD]."""
    return x.view(x.size(0), x.size(1), heads, HEAD).transpose(1, 2)


def attend(q, k, v, add_mask=None, where_mask=None):
    scores = q @ k.transpose(-1, -2) / HEAD**0.5
    if add_mask is not None:
        scores = scores + add_mask
    if where_mask is not None:
        scores = scores.masked_fill(where_mask, torch.finfo(scores.dtype).min)
    return scores.softmax(-1) @ v


def attention(q, k, v, heads, **masks):
    """[batch, heads, sequence, HEAD], three times -> [batch, sequence, heads * HEAD]."""
    x = attend(q, k, v, **masks).transpose(1, 2)
    return x.reshape(x.size(0), x.size(1), heads * HEAD)


class BertLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.attention_output = nn.Linear(width, width)
        self.attention_norm = nn.LayerNorm(width, eps=1e-12)
        self.intermediate = nn.Linear(width, 4 * width)
        self.output = nn.Linear(4 * width, width)
        self.output_norm = nn.LayerNorm(width, eps=1e-12)

    def forward(self, x, mask):
        q, k, v = (split_heads(f(x), self.heads) for f in (self.query, self.key, self.value))
        context = attention(q, k, v, self.heads, add_mask=mask)
        x = self.attention_norm(x + self.attention_output(context))
        return self.output_norm(x + self.output(F.gelu(self.intermediate(x))))


class Bert(nn.Module):
    """BERT with its pooler (arXiv:1810.04805); the sizes are those of BERT base."""

    def __init__(self, width=768, heads=12, layers=12, vocabulary=30522, positions=512):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Embedding(positions, width)
        self.type_embedding = nn.Embedding(2, width)
        self.embedding_norm = nn.LayerNorm(width, eps=1e-12)
        self.layers = nn.ModuleList(BertLayer(width, heads) for _ in range(layers))
        self.pooler = nn.Linear(width, width)

    def forward(self, input_ids, attention_mask, token_type_ids):
        positions = torch.arange(input_ids.size(1))
        x = self.token_embedding(input_ids) + self.type_embedding(token_type_ids)
        x = self.embedding_norm(x + self.position_embedding(positions))
        mask = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * torch.finfo(x.dtype).min
        for layer in self.layers:
            x = layer(x, mask)
        return x, self.pooler(x[:, 0]).tanh()


class Gpt2Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm_1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.norm_2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x, mask, past):
        qkv = self.qkv(self.norm_1(x)).split(self.heads * HEAD, dim=-1)
        q, k, v = (split_heads(part, self.heads) for part in qkv)
        if past:
            k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
        x = x + self.projection(attention(q, k, v, self.heads, where_mask=mask))
        return x + self.down(F.gelu(self.up(self.norm_2(x)), approximate="tanh")), k, v


class Gpt2(nn.Module):
    """GPT-2 small; the head that makes the logits is the token embedding (one shared weight).

    Without `past` it is a prefill under a causal mask. With it (key and value of each layer) it is
    one decoding step: a single new token sees everything, so it needs no mask. Both return the keys
    and values for the next step.
    """

    def __init__(self, width=768, heads=12, layers=12, vocabulary=50257, positions=1024):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Embedding(positions, width)
        self.layers = nn.ModuleList(Gpt2Layer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, input_ids, *past):
        start = past[0].size(2) if past else 0
        positions = torch.arange(start, start + input_ids.size(1))
        x = self.token_embedding(input_ids) + self.position_embedding(positions)
        mask = None if past else positions[None, :] > positions[:, None]
        present = []
        for i, layer in enumerate(self.layers):
            x, key, value = layer(x, mask, past[2 * i : 2 * i + 2])
            present += [key, value]
        return (F.linear(self.norm(x), self.token_embedding.weight), *present)


class Lstm(nn.Module):
    def __init__(self, features=256, hidden=512, layers=2):
        super().__init__()
        self.lstm = nn.LSTM(features, hidden, layers, batch_first=True)

    def forward(self, x):
        output, (hidden, cell) = self.lstm(x)
        return output, hidden, cell


class Gru(nn.Module):
    def __init__(self, features=256, hidden=512, layers=2):
        super().__init__()
        self.gru = nn.GRU(features, hidden, layers, batch_first=True, bidirectional=True)

    def forward(self, x):
        return self.gru(x)


class RmsNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-5))


def rotation(positions):
    """Cosines and sines of the rotary embedding (arXiv:2104.09864): [positions, HEAD], twice."""
    angles = positions[:, None] * 10000.0 ** (torch.arange(0, HEAD, 2) / -HEAD)
    angles = torch.cat([angles, angles], -1)
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    a, b = x.split(HEAD // 2, -1)
    return x * cos + torch.cat([-b, a], -1) * sin


class LlamaLayer(nn.Module):
    def __init__(self, width, heads, kv_heads, inner):
        super().__init__()
        self.kv_heads, self.group = kv_heads, heads // kv_heads
        linear = partial(nn.Linear, bias=False)
        self.norm_1 = RmsNorm(width)
        self.query = linear(width, width)
        self.key = linear(width, kv_heads * HEAD)
        self.value = linear(width, kv_heads * HEAD)
        self.projection = linear(width, width)
        self.norm_2 = RmsNorm(width)
        self.gate = linear(width, inner)
        self.up = linear(width, inner)
        self.down = linear(inner, width)

    def forward(self, x, sizes, rotary, mask, past_key, past_value):
        y = self.norm_1(x)
        q = self.query(y).view(*sizes, self.kv_heads, self.group, HEAD).permute(0, 2, 3, 1, 4)
        k = self.key(y).view(*sizes, self.kv_heads, HEAD).transpose(1, 2)
        v = self.value(y).view(*sizes, self.kv_heads, HEAD).transpose(1, 2)
        q, k = rotate(q, *rotary), rotate(k, *rotary)
        k, v = torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)
        # A group of queries shares one key head: the products broadcast over the group.
        y = attend(q, k[:, :, None], v[:, :, None], where_mask=mask)
        x = x + self.projection(y.permute(0, 3, 1, 2, 4).flatten(2))
        y = self.norm_2(x)
        return x + self.down(F.silu(self.gate(y)) * self.up(y)), k, v


class Llama(nn.Module):
    """A decoder of the LLaMA family in the sizes of TinyLlama 1.1B (arXiv:2401.02385).

    Grouped-query attention over a cache of any length: prefill and decoding step are one graph.
    """

    def __init__(self, width=2048, layers=22, heads=32, kv_heads=4, inner=5632, vocabulary=32000):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.layers = nn.ModuleList(
            LlamaLayer(width, heads, kv_heads, inner) for _ in range(layers)
        )
        self.norm = RmsNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, input_ids, *past):
        start, sizes = past[0].size(2), (input_ids.size(0), input_ids.size(1))
        everything = torch.arange(start + sizes[1])
        positions = everything[start:]
        mask = everything[None, :] > positions[:, None]
        rotary = rotation(positions)
        x, present = self.token_embedding(input_ids), []
        for i, layer in enumerate(self.layers):
            x, key, value = layer(x, sizes, rotary, mask, *past[2 * i : 2 * i + 2])
            present += [key, value]
        return (self.head(self.norm(x)), *present)


class WhisperAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.heads = width // HEAD
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.projection = nn.Linear(width, width)

    def keys_values(self, x):
        return [split_heads(f(x), self.heads) for f in (self.key, self.value)]

    def forward(self, x, k, v):
        return self.projection(attention(split_heads(self.query(x), self.heads), k, v, self.heads))


class WhisperFeedForward(nn.Sequential):
    def __init__(self, width):
        up, down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        super().__init__(nn.LayerNorm(width), up, nn.GELU(), down)


class WhisperEncoderLayer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attention = WhisperAttention(width)
        self.feed_forward = WhisperFeedForward(width)

    def forward(self, x):
        y = self.norm(x)
        x = x + self.attention(y, *self.attention.keys_values(y))
        return x + self.feed_forward(x)


class WhisperEncoder(nn.Module):
    """Whisper base, encoder (arXiv:2212.04356), from the spectrogram of 30 s.

    It also makes the keys and values of the decoder's cross attention, once for all its steps.
    """

    def __init__(self, width=512, layers=6, bands=80, frames=1500):
        super().__init__()
        self.conv_1 = nn.Conv1d(bands, width, 3, padding=1)
        self.conv_2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.positions = nn.Parameter(torch.zeros(frames, width))
        self.layers = nn.ModuleList(WhisperEncoderLayer(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.cross = nn.ModuleList(WhisperAttention(width) for _ in range(layers))

    def forward(self, spectrogram):
        x = F.gelu(self.conv_2(F.gelu(self.conv_1(spectrogram))))
        x = x.transpose(1, 2) + self.positions
        for layer in self.layers:
            x = layer(x)
        x = self.norm(x)
        return (x, *(tensor for cross in self.cross for tensor in cross.keys_values(x)))


class WhisperDecoderLayer(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm_1 = nn.LayerNorm(width)
        self.attention = WhisperAttention(width)
        self.norm_2 = nn.LayerNorm(width)
        self.cross = WhisperAttention(width)
        self.feed_forward = WhisperFeedForward(width)

    def forward(self, x, past_key, past_value, cross_key, cross_value):
        y = self.norm_1(x)
        k, v = self.attention.keys_values(y)
        k, v = torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)
        x = x + self.attention(y, k, v)
        x = x + self.cross(self.norm_2(x), cross_key, cross_value)
        return x + self.feed_forward(x), k, v


class WhisperDecoder(nn.Module):
    """Whisper base, one decoding step: of each layer it takes the keys and values so far, and those
    of the cross attention that the encoder made."""

    def __init__(self, width=512, layers=6, vocabulary=51865, positions=448):
        super().__init__()
        self.token_embedding = nn.Embedding(vocabulary, width)
        self.position_embedding = nn.Embedding(positions, width)
        self.layers = nn.ModuleList(WhisperDecoderLayer(width) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, input_ids, *caches):
        position = torch.arange(caches[0].size(2), caches[0].size(2) + 1)
        x, present = self.token_embedding(input_ids) + self.position_embedding(position), []
        for i, layer in enumerate(self.layers):
            x, key, value = layer(x, *caches[4 * i : 4 * i + 4])
            present += [key, value]
        return (F.linear(self.norm(x), self.token_embedding.weight), *present)
